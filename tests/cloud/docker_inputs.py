"""The inputs of the docker plugin's resources: how the bridge checks, names and compares them."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.cloud import sdk
from tests.cloud.google_inputs import DEFAULTS
from tests.cloud.values import Props, has_unknown
from tests.cloud.vendor import Failure

CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"


@dataclass(frozen=True)
class Kind:
    """``computed``: inputs that are the engine's to say, where nobody else does; ``updates``: those
    that take no other object. ``defaults`` are Terraform's; ``sets`` have no order.
    """

    computed: frozenset[str]
    updates: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sets: frozenset[str] = frozenset({"labels"})
    deletes_first: bool = False


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS: Mapping[str, Kind] = {
    CONTAINER: Kind(
        computed=words(
            "command entrypoints hostname init ipcMode logDriver runtime securityOpts shmSize "
            "healthcheck platform stopSignal stopTimeout workingDir user"
        ),
        updates=words(
            "restart maxRetryCount memory memoryReservation memorySwap cpuShares cpuSet mustRun "
            "deviceReadBps deviceReadIops deviceWriteBps deviceWriteIops start wait waitTimeout "
            "attach logs rm removeVolumes destroyGraceSeconds healthcheck cpuPeriod cpuQuota init "
            "tmpfs containerReadRefreshTimeoutMilliseconds"
        ),
        defaults={
            "attach": False,
            "containerReadRefreshTimeoutMilliseconds": 15000,
            "logs": False,
            "memoryReservation": 0,
            "mustRun": True,
            "networkMode": "bridge",
            "readOnly": False,
            "removeVolumes": True,
            "restart": "no",
            "rm": False,
            "start": True,
            "stdinOpen": False,
            "tty": False,
            "wait": False,
            "waitTimeout": 60,
        },
        sets=words(
            "envs labels groupAdds networksAdvanced volumes mounts securityOpts dns dnsOpts "
            "dnsSearches hosts adds drops"
        ),
        deletes_first=True,
    ),
    NETWORK: Kind(
        computed=words("driver options internal ipamConfigs"), defaults={"ipamDriver": "default"}
    ),
    VOLUME: Kind(computed=words("driver")),
}

_RESTART = r"^(no|on-failure|always|unless-stopped)$"
_MOUNT = r"^(bind|volume|tmpfs)$"
_LEAST = {"memory": 0, "memoryReservation": 0, "memorySwap": -1, "shmSize": 0, "cpuShares": 0}
_DURATIONS = ("interval", "timeout", "startPeriod", "startInterval")
_DURATION = re.compile(r"-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+|0")


def named(name: str, olds: Props, news: Props, seed: bytes) -> Props:
    """With a name of its own making where none is told: the old one, if that was so made."""
    if "name" in news:
        return {**news, DEFAULTS: []}
    kept = olds.get("name") if "name" in olds.get(DEFAULTS, []) else None
    made = f"{name}-{hashlib.sha256(seed).hexdigest()[:7]}"
    return {**news, "name": kept or made, DEFAULTS: ["name"]}


def invalid(type_: str, told: Props) -> list[Failure]:
    """All that is wrong, at once. A field with anything unknown in it is let through."""
    told = {name: value for name, value in told.items() if name != DEFAULTS}
    known = {name: value for name, value in told.items() if not has_unknown(value)}
    wrong: list[str] = []
    for each in sdk.problems(sdk.inputs(type_), known):
        if each.kind == "undeclared":
            wrong.append(f"invalid or unknown key: {each.path}")
        elif each.kind == "missing" and each.path not in told:
            wrong.append(f"Missing required property '{each.path}'")
    if type_ == CONTAINER:
        wrong += _container(known)
    return [Failure(each) for each in wrong]


def _container(known: Props) -> list[str]:
    wrong = [
        f"'{value}' doesn't match the pattern '{pattern}'"
        for value, pattern in (
            (known.get("restart", "no"), _RESTART),
            *((each.get("type", ""), _MOUNT) for each in known.get("mounts", [])),
        )
        if not re.search(pattern, str(value))
    ]
    for name, least in _LEAST.items():
        if isinstance(value := known.get(name), int | float) and value < least:
            wrong.append(f"'{value:g}' cannot be lower than {least}")
    for name in _DURATIONS:
        value = known.get("healthcheck", {}).get(name, "0s")
        if not _DURATION.fullmatch(value):
            wrong.append(f"'{value}' is not a valid duration")
        elif value.startswith("-"):
            wrong.append(f"'{value}' duration must not be negative")
    wrong += [
        f"'{each['containerPath']}' must be an absolute path"
        for each in known.get("volumes", [])
        if not each.get("containerPath", "/").startswith("/")
    ]
    return wrong


def different(type_: str, state: Props, news: Props) -> dict[str, bool]:
    """By input that is not as the engine last said it is, whether that takes another object."""
    kind = KINDS[type_]
    found: dict[str, bool] = {}
    for name in sdk.inputs(type_):
        if name in kind.computed and name not in news:
            continue
        default = kind.defaults.get(name)
        order = _sorted(kind.sets)
        before, after = (order(name, each.get(name, default)) for each in (state, news))
        if (before or None) != (after or None):
            found[name] = name not in kind.updates
    return found


def _sorted(sets: frozenset[str]) -> Callable[[str, Any], Any]:
    """The value with what has no order in one, whole numbers as such, and nothing that is empty."""

    def told(name: str, value: Any) -> Any:
        if isinstance(value, list):
            inner = [told("", each) for each in value]
            return sorted(inner, key=repr) if name in sets else inner
        if isinstance(value, Mapping):
            made = {key: told(key, each) for key, each in value.items()}
            return {k: v for k, v in made.items() if v not in (None, [], {}, False)}
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return told
