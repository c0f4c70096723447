"""The images beside a plain one: what they weigh, what a change pushes, how soon a flow begins.

The plain image is that of a repository without further care, as anna-geller/prefect-cloud-gcp has
it: the same base, the same versions by `pip install`, the flows copied in; one image for the agent
and the runs, which `prefect flow-run execute` starts.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
from rich.console import Console
from rich.table import Table

from stacks.images import CONTENT
from tests.e2e.containers import Built, Images
from tests.live.server import PatientClient, prefect_server
from tests.registry import RealRegistry, real_registry
from tools.containers.base import base_image
from tools.containers.engine import Docker, running

ROOT = Path(__file__).parents[1]
PARTS = ("size", "push", "line", "memory")
DIRECTORY = "/opt/dataflows"
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
FIRST_LINE = "Hello, world!"
PLAIN = f"""
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
ENV PIP_BREAK_SYSTEM_PACKAGES=1
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
ENV PYTHONUNBUFFERED=1
WORKDIR {DIRECTORY}
COPY flows/ flows/
CMD ["prefect", "flow-run", "execute"]
"""
# As Cloud Run gives a run what the stacks ask for by default.
LIMITS = ("--cpus", "1", "--memory", "512m")
WORKER = "prefect worker start --pool bench --type cloud-run-v2 --with-healthcheck"


@dataclass(frozen=True)
class Side:
    """``build`` makes the runner's image from a copy of the repository, as any builder would."""

    name: str
    build: Callable[..., Built]
    agent: Callable[[], Built]


def sides(images: Images, copy: Path) -> tuple[Side, Side]:
    """Ours and the plain one, both of what is in ``copy``."""
    for path in {*CONTENT["runner"], *CONTENT["agent"]}:
        for here in ROOT.glob(path):
            there = copy / here.relative_to(ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            copied = shutil.copytree if here.is_dir() else shutil.copy
            copied(here, there)
    lock = (ROOT / "images/runner/requirements.txt").read_text()
    pins = re.findall(r"^([\w.-]+==[^\\\n]+?) *\\?$", lock, re.MULTILINE)
    (copy / "requirements.txt").write_text("\n".join(pins) + "\n")
    (copy / "Dockerfile").write_text(PLAIN)

    def plain(tag: str = "bench", *options: str) -> Built:
        name = f"dataflows-plain:{tag}"
        base = ("--build-arg", f"BASE_IMAGE={images.base}")
        images.docker.build(name, *options, *base, str(copy))
        return Built(images.docker, name, images.base)

    def ours(tag: str = "bench", *options: str) -> Built:
        return images.build("runner", copy, tag, *options)

    return (
        Side("ours", ours, lambda: images.build("agent", copy, "bench")),
        Side("plain", plain, plain),
    )


def megabytes(bytes_: float) -> str:
    return f"{bytes_ / 1e6:,.3f} MB" if bytes_ < 1e6 else f"{bytes_ / 1e6:,.0f} MB"


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def sizes(both: Sequence[Side], registry: RealRegistry) -> Iterator[tuple[str, list[float]]]:
    """In the engine, and as a registry has it; with the base, which both have."""
    built = [(side.build(), side.agent()) for side in both]
    for n, image in enumerate(("runner", "agent")):
        yield f"{image}, unpacked", [float(pair[n].inspect()["Size"]) for pair in built]
        packed = [sum(pushed(pair[n], registry).values()) for pair in built]
        yield f"{image}, in the registry", [float(each) for each in packed]


def pushed(image: Built, registry: RealRegistry) -> dict[str, int]:
    """What the registry has of an image that is pushed to it, in bytes by digest."""
    name = f"{registry.host}/{image.name}"
    image.docker.run("tag", image.name, name)
    image.docker.run("push", "--quiet", name)
    image.docker.run("rmi", name)
    repository, _, tag = image.name.partition(":")
    url = f"http://{registry.host}/v2/{repository}/manifests/{tag}"
    manifest = httpx.get(url, headers={"Accept": ", ".join(MANIFESTS)}).raise_for_status()
    told = manifest.json()
    blobs = {each["digest"]: int(each["size"]) for each in (told["config"], *told["layers"])}
    return {**blobs, f"manifest {uuid4()}": len(manifest.content)}


def pushes(
    both: Sequence[Side], registry: RealRegistry, copy: Path
) -> Iterator[tuple[str, list[float]]]:
    """After a line more in a flow, by the same builder, and by one that has built nothing yet."""
    # Also the first build is of a flow that is new: all in the cache, it could be of other packages
    # than the next one, where an earlier bench has left two results of the same step.
    _add_a_line(copy)
    before = [pushed(side.build(), registry) for side in both]
    _add_a_line(copy)
    for builder, options in (("the same builder", ()), ("a new builder", ("--no-cache",))):
        after = [pushed(side.build("changed", *options), registry) for side in both]
        new = [
            float(sum(size for digest, size in now.items() if digest not in then))
            for then, now in zip(before, after, strict=True)
        ]
        yield f"pushed for a line of a flow, {builder}", new


def _add_a_line(copy: Path) -> None:
    with (copy / "flows/hello.py").open("a") as flow:
        flow.write(f"\nANOTHER = {uuid4().hex!r}\n")


class Server:
    """A Prefect server with the deployment of hello, as `pulumi up` registers it."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        self.client = PatientClient(base_url=api_url, timeout=60)
        pool = {"name": "bench", "type": "cloud-run-v2"}
        self.client.post("/work_pools/", json=pool).raise_for_status()
        flow = self.client.post("/flows/", json={"name": "hello"}).json()
        pull = {"prefect.deployments.steps.set_working_directory": {"directory": DIRECTORY}}
        deployment = {
            "flow_id": flow["id"],
            "name": "bench",
            "entrypoint": "flows/hello.py:hello",
            "pull_steps": [pull],
        }
        made = self.client.post("/deployments/", json=deployment).raise_for_status().json()
        self._path = f"/deployments/{made['id']}/create_flow_run"

    def run(self) -> str:
        """A flow run that a worker has taken."""
        made = self.client.post(self._path, json={"state": {"type": "PENDING"}})
        run: str = made.raise_for_status().json()["id"]
        return run

    def completed(self, run: str) -> bool:
        state = self.client.get(f"/flow_runs/{run}").raise_for_status().json()["state"]
        return bool(state["type"] == "COMPLETED")


def first_line(image: Built, server: Server) -> float:
    """From `docker run` until the container prints what the flow prints first."""
    run = server.run()
    env = {"PREFECT_API_URL": server.api_url, "PREFECT__FLOW_RUN_ID": run}
    command = [image.docker.client, "run", "--rm", "--network", "host", *LIMITS]
    command += [f"--env={name}={value}" for name, value in env.items()]
    started = time.monotonic()
    container = subprocess.Popen(
        [*command, image.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert container.stdout  # noqa: S101 - for the type checker
    seen, printed = 0.0, ""
    for line in container.stdout:
        printed += line
        if FIRST_LINE in line and not seen:
            seen = time.monotonic() - started
    container.wait()
    if not seen or not server.completed(run):
        raise RuntimeError(f"{image.name} did not run hello:\n{printed}")
    return seen


def first_lines(
    both: Sequence[Side], server: Server, runs: int, say: Callable[[str], None]
) -> Iterator[tuple[str, list[float]]]:
    """The sides in turn, so that both meet the same machine; one run of each before counts not."""
    built = [side.build() for side in both]
    took: list[list[float]] = [[] for _ in both]
    for turn in range(runs + 1):
        now = [first_line(image, server) for image in built]
        say(", ".join(f"{s.name} {t:.2f} s" for s, t in zip(both, now, strict=True)))
        if turn:
            for side, each in zip(took, now, strict=True):
                side.append(each)
    yield f"docker run to the first line, median of {runs}", [statistics.median(t) for t in took]
    yield "  the quickest", [min(t) for t in took]
    yield "  the slowest", [max(t) for t in took]


def memory(both: Sequence[Side], server: Server, rest: float) -> Iterator[tuple[str, list[float]]]:
    """Of an agent that has nothing to do, after some polls."""
    held = []
    for side in both:
        image = side.agent()
        with image.started(*WORKER.split(), env={"PREFECT_API_URL": server.api_url}) as container:
            time.sleep(rest)
            asked = ("stats", "--no-stream", "--format", "{{.MemUsage}}", container.name)
            told = image.docker.run(*asked)
            if not _online(server):
                raise RuntimeError(f"{image.name} serves no pool:\n{container.logs()}")
        number, unit = re.match(r"([\d.]+)([KMG]iB)", told).groups()  # type: ignore[union-attr]
        held.append(float(number) * 1024 ** ("KMG".index(unit[0]) + 1))
    yield f"the agent at rest, after {rest:g} s", held


def _online(server: Server) -> bool:
    workers = server.client.post("/work_pools/bench/workers/filter", json={}).json()
    return any(worker["status"] == "ONLINE" for worker in workers)


def measured(
    parts: Sequence[str], docker: Docker, folder: Path, told: argparse.Namespace, console: Console
) -> Iterator[tuple[str, list[float], Callable[[float], str]]]:
    copy = folder / "copy"
    copy.mkdir()
    both = sides(Images(docker, base_image(docker)), copy)
    with real_registry(folder / "registry") as registry:
        if "size" in parts:
            yield from ((*row, megabytes) for row in sizes(both, registry))
        if "push" in parts:
            yield from ((*row, megabytes) for row in pushes(both, registry, copy))
    if {"line", "memory"}.isdisjoint(parts):
        return
    (folder / "server").mkdir()
    with prefect_server(folder / "server") as api_url:
        server = Server(api_url)
        if "line" in parts:
            lines = first_lines(both, server, told.runs, console.print)
            yield from ((*row, seconds) for row in lines)
        if "memory" in parts:
            yield from ((*row, megabytes) for row in memory(both, server, told.rest))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all unless told")
    parser.add_argument("--runs", type=int, default=10, help="of each side (10)")
    parser.add_argument("--rest", type=float, default=60, help="seconds of the agent's rest (60)")
    told = parser.parse_args()
    if unknown := set(told.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    console = Console(width=110)
    table = Table("what", "ours", "plain", "ours / plain", title="Images")
    with tempfile.TemporaryDirectory(prefix="bench-") as name, running() as docker:
        for what, (ours, plain), shown in measured(
            told.parts or PARTS, docker, Path(name), told, console
        ):
            table.add_row(what, shown(ours), shown(plain), f"{ours / plain:.3f}")
            console.print(f"{what}: {shown(ours)}, {shown(plain)}")
    console.print(table)


if __name__ == "__main__":
    main()
