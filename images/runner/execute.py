"""What a runner's container starts: runs one flow run, and sees it to its end.

It does what `prefect flow-run execute` does, without its first two Pythons, which load Prefect
for seconds before the third one, the engine, begins. This process is of the standard library
alone: it starts the engine at once, asks Prefect now and then whether the run was cancelled, and
leaves the rare endings, Cancelled and Crashed, to `conclude.py`. What it is not made for it hands
to `prefect flow-run execute`.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NEEDED = ("PREFECT_API_URL", "PREFECT__FLOW_RUN_ID")
NOT_OURS = (
    "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR",
    "PREFECT_RUNNER_AUTO_INSTALL_DEPENDENCIES",
    "PREFECT_RUNNER_CRASH_ON_CANCELLATION_FAILURE",
)
POLL_SECONDS = 5.0
MOST_SECONDS = 60.0  # between two looks, where the API does not answer
GRACE_SECONDS = 30.0  # for what the flow does when it is stopped; Prefect's own


class Line:
    """The engine's control line, on which it hears why it is stopped before it is.

    Without that, it would take a cancellation for a crash. This is the older of the two protocols
    that the engine knows (prefect._internal.control_listener); should it know neither, it never
    calls, and a cancelled run is Crashed for a moment before it is Cancelled.
    """

    OLDER = b"\x00PF\x01\x00"  # no receipts: how a run ended is asked of the API
    CANCEL, HEARD = b"c", b"a"

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._token = secrets.token_hex(16)
        self._engine: socket.socket | None = None
        self.environment = {
            "PREFECT__CONTROL_PORT": str(self._listener.getsockname()[1]),
            "PREFECT__CONTROL_TOKEN": self._token,
        }
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while self._engine is None:
            caller, _ = self._listener.accept()
            caller.settimeout(5)
            with contextlib.suppress(OSError):
                told = b""
                while not told.endswith(b"\n") and (byte := caller.recv(1)):
                    told += byte
                if secrets.compare_digest(told, f"{self._token}\n".encode()):
                    caller.sendall(self.OLDER)
                    self._engine = caller

    def cancel(self) -> None:
        """Return when the engine has heard, or cannot hear."""
        if self._engine is None:
            return
        self._engine.settimeout(1)
        with contextlib.suppress(OSError):
            self._engine.sendall(self.CANCEL)
            while (told := self._engine.recv(64)) and self.HEARD not in told:
                pass


class Run:
    """The flow run, as the API tells of it."""

    def __init__(self, api_url: str, flow_run_id: str) -> None:
        self.id, self.api_url = flow_run_id, api_url
        self._url = f"{api_url.rstrip('/')}/flow_run_states/?flow_run_id={flow_run_id}"
        self._earlier: int | None = None  # how many of its states are of earlier executions
        self._open: Any = None

    def ending(self) -> str:
        """How this execution is to end: `""`, ``cancelling``, ``never ran`` or ``cancelled``.

        The history tells, not the state alone: a run that was cancelled while its engine loaded
        is Running again.
        """
        types = [state["type"] for state in self._states()]
        if self._earlier is None:
            due = [n for n, type_ in enumerate(types) if type_ in ("SCHEDULED", "PENDING")]
            self._earlier = due[-1] if due else 0
        mine = types[self._earlier :]
        if mine and mine[-1] == "CANCELLED":
            return "cancelled"
        if "CANCELLING" in mine:
            return "cancelling" if "RUNNING" in mine else "never ran"
        return ""

    def _states(self) -> list[dict[str, Any]]:
        import json
        from urllib.request import Request

        self._open = self._open or _opener()
        request = Request(self._url, headers={"User-Agent": "dataflows-runner"})  # noqa: S310
        for name, value in _headers().items():
            request.add_unredirected_header(name, value)
        with self._open(request, timeout=30) as answer:
            states: list[dict[str, Any]] = json.load(answer)
            return states


def _opener() -> Any:
    """As Prefect's client connects: by the environment's proxies and certificates."""
    import ssl
    from urllib.request import HTTPSHandler, build_opener

    context = ssl.create_default_context(cafile=_certificates())
    if os.environ.get("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "").lower() in ("1", "true", "yes"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return build_opener(HTTPSHandler(context=context)).open


def _certificates() -> str:
    told = os.environ.get("PREFECT_API_SSL_CERT_FILE") or os.environ.get("SSL_CERT_FILE")
    if told:
        return told
    import certifi

    return certifi.where()


def _headers() -> dict[str, str]:
    import base64
    import json

    headers: dict[str, str] = json.loads(os.environ.get("PREFECT_CLIENT_CUSTOM_HEADERS") or "{}")
    if both := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    elif key := os.environ.get("PREFECT_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    return headers


class Engine:
    """The process that runs the flow, in a group of its own with all that it starts."""

    def __init__(self, run: Run) -> None:
        self._line = Line()
        environment = {
            **os.environ,
            **self._line.environment,
            "PREFECT__FLOW_RUN_ID": run.id,
            # Cancelled and its hooks are ours to see to; the engine reports its own crashes.
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
        }
        command = [sys.executable, str(HERE / "engine.py")]
        self._process = subprocess.Popen(command, env=environment, start_new_session=True)

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def cancel(self) -> None:
        """Let it clean up, for a while."""
        self._line.cancel()
        self.signal(signal.SIGTERM)
        timer = threading.Timer(GRACE_SECONDS, self.signal, [signal.SIGKILL])
        timer.daemon = True
        timer.start()

    def wait(self) -> int:
        return self._process.wait()


class Watch(threading.Thread):
    """Asks after the run, and stops the engine if it is cancelled; ``ending`` is how it was."""

    def __init__(self, run: Run, engine: Engine) -> None:
        super().__init__(daemon=True)
        self._run, self._engine = run, engine
        self.ending, self.refused = "", False
        self.start()

    def run(self) -> None:
        every = float(os.environ.get("PREFECT_RUNNER_POLL_FREQUENCY") or POLL_SECONDS)
        pause = every
        while not self.ending:
            try:
                self.ending = self._run.ending()
                pause, self.refused = every, False
            except Exception as error:  # whatever it is, the run itself goes on
                pause = min(pause * 2, MOST_SECONDS)
                self._complain(error, pause)
            if self.ending:
                self._engine.cancel()
            else:
                time.sleep(pause)

    def _complain(self, error: Exception, pause: float) -> None:
        if getattr(error, "code", None) in (401, 403):
            if self.refused:  # said before, and this process has no other key
                return
            self.refused = True
            keys = [k for k in ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY") if os.environ.get(k)]
            held = keys[0] if keys else "neither PREFECT_API_KEY nor PREFECT_API_AUTH_STRING"
            say(f"{self._run.api_url} refuses us ({error}); we came with {held}")
        else:
            say(f"cannot ask whether the run is cancelled ({error}); again in {pause:g} s")


def conclude(run: Run, ending: str, status: int) -> int:
    """Have Prefect told how the run ended: 0 if it knows, and so need not be told again."""
    command = [sys.executable, str(HERE / "conclude.py"), run.id, ending, str(status)]
    return subprocess.run(command, check=False).returncode


def say(text: str) -> None:
    print(f"runner: {text}", file=sys.stderr, flush=True)


def main() -> int:
    api_url, flow_run_id = (os.environ.get(name) for name in NEEDED)
    if not api_url or not flow_run_id or any(os.environ.get(name) for name in NOT_OURS):
        command = [sys.executable, "-m", "prefect", "flow-run", "execute", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 - an argument list, no shell

    run = Run(api_url, flow_run_id)
    engine = Engine(run)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: engine.signal(number))
    watch = Watch(run, engine)
    status = engine.wait()
    engine.signal(signal.SIGKILL)  # what it left behind
    if watch.ending == "cancelled" or (not watch.ending and status == 0):
        return 0
    if watch.refused:
        return 1  # who started this container hears of it, and tells Prefect
    return conclude(run, watch.ending or "crashed", status)


if __name__ == "__main__":
    sys.exit(main())
