"""What `pulumi up` would change in a stack, as one comment on a pull request.

``python -m tools.plan write --stack dev`` previews and writes the comment into .local/;
``python -m tools.plan post --stack dev --pull-request 12`` posts it, or puts it in the place of
the one that is there from before.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LIMIT = 60_000  # GitHub takes 65,536 characters
TAIL = 4_000  # how many there are and what went wrong stand at the end
_COUNTED = re.compile(r"^ +[^\w\s]{1,2} *(\d+ to [a-z -]+?) *$", re.MULTILINE)


def marker(stack: str) -> str:
    """The comment's first line, by which the next plan of the stack finds it; not displayed."""
    return f"<!-- dataflows: the plan of {stack} -->"


def comment(stack: str, printed: str, *, failed: bool) -> str:
    """The comment's markdown, from what `pulumi preview` printed."""
    counted = ", ".join(_COUNTED.findall(printed))
    verdict = "the preview failed" if failed else counted or "nothing to change"
    text = _shortened(printed.strip())
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return (
        f"{marker(stack)}\n### `{stack}`: {verdict}\n\n"
        f"<details{' open' if failed else ''}>"
        f"<summary><code>make preview STACK={stack}</code></summary>\n\n"
        f"{fence}\n{text}\n{fence}\n\n</details>\n"
    )


def write(stack: str) -> int:
    """Preview, into the file; the exit status is Pulumi's."""
    done = subprocess.run(
        ["pulumi", "preview", "--stack", stack, "--diff", "--non-interactive", "--color=never"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout, end="", flush=True)
    file = _file(stack)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(comment(stack, done.stdout, failed=done.returncode != 0))
    return done.returncode


def post(stack: str, pull_request: int) -> int:
    """Post the file, or edit the comment that this very user has posted before."""
    file = _file(stack)
    if not file.exists():
        print(f"{file} is not there: `make plan STACK={stack}` writes it", file=sys.stderr)
        return 1
    mine = f'.comments[] | select(.viewerDidAuthor and (.body | startswith("{marker(stack)}")))'
    view = ["gh", "pr", "view", str(pull_request), "--json", "comments", "--jq", f"{mine} | .url"]
    urls = subprocess.run(view, stdout=subprocess.PIPE, text=True, check=False)
    if urls.returncode:
        return urls.returncode
    if found := re.findall(r"#issuecomment-(\d+)$", urls.stdout, re.MULTILINE):
        where = f"repos/{{owner}}/{{repo}}/issues/comments/{found[0]}"
        send = ["gh", "api", "--method", "PATCH", where, "-F", f"body=@{file}", "--jq", ".html_url"]
    else:
        send = ["gh", "pr", "comment", str(pull_request), "--body-file", str(file)]
    return subprocess.run(send, check=False).returncode


def _file(stack: str) -> Path:
    return Path(".local") / f"plan-{stack}.md"


def _shortened(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    left_out = len(text) - LIMIT
    return f"{text[: LIMIT - TAIL]}\n\n… {left_out} characters left out …\n\n{text[-TAIL:]}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.plan", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("write", "post"):
        command = commands.add_parser(name)
        command.add_argument("--stack", required=True)
        if name == "post":
            command.add_argument("--pull-request", type=int, required=True)
    told = parser.parse_args(arguments)
    try:
        return write(told.stack) if told.command == "write" else post(told.stack, told.pull_request)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
