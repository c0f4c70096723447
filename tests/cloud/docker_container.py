"""A container, from the plugin's words into the engine's, and as much of it back as is read."""

from collections.abc import Mapping
from typing import Any

from tests.cloud.cloud import CloudError
from tests.cloud.docker_api import DockerApi, named
from tests.cloud.docker_inputs import words
from tests.cloud.values import Props

_MIB = 1024 * 1024
# What the stand-in can do; whatever else a program asks for is refused, not left out.
ASKED = words(
    "name image command entrypoints envs labels user workingDir hostname volumes groupAdds "
    "readOnly tmpfs capabilities securityOpts restart maxRetryCount memory memorySwap logDriver "
    "logOpts networkMode networksAdvanced destroyGraceSeconds mustRun start removeVolumes "
    "healthcheck rm"
)


def create(api: DockerApi, told: Props) -> str:
    """The id of one that is there and, if it is to, runs."""
    if other := sorted(told.keys() - ASKED):
        raise CloudError(f"the stand-in does not know a container's {', '.join(other)}")
    image = told["image"]
    if api.find(f"{named('images', image)}/json") is None:
        raise CloudError(f"Unable to create container with image {image}: unable to pull it")
    if "" in told.get("command", []):
        raise CloudError("values for command may not be empty")
    made = api.post("/containers/create", _body(told), name=told["name"])["Id"]
    if told.get("networksAdvanced"):
        _connect(api, "bridge", "disconnect", {"Container": made})
        for each in told["networksAdvanced"]:
            aliases = {"Aliases": each.get("aliases") or []}
            _connect(api, each["name"], "connect", {"Container": made, "EndpointConfig": aliases})
    if told.get("start", True):
        try:
            api.post(f"/containers/{made}/start")
        except CloudError as error:  # it stays: a name that is taken, to whoever tries again
            raise CloudError(f"Unable to start container: {error}") from error
    return str(made)


def _connect(api: DockerApi, network: str, how: str, body: Mapping[str, Any]) -> None:
    try:
        api.post(f"{named('networks', network)}/{how}", body)
    except CloudError as error:
        if "is not connected to" not in str(error):
            raise CloudError(f"Unable to {how} network '{network}': {error}") from error


def _body(told: Props) -> dict[str, Any]:
    capabilities = told.get("capabilities") or {}
    made: dict[str, Any] = {
        "Image": told["image"],
        "Env": told.get("envs") or [],
        "Labels": {each["label"]: each["value"] for each in told.get("labels", [])},
        "User": told.get("user", ""),
        "WorkingDir": told.get("workingDir", ""),
        "Hostname": told.get("hostname", ""),
        "HostConfig": {
            "Binds": [_bind(each) for each in told.get("volumes", [])],
            "GroupAdd": told.get("groupAdds") or [],
            "ReadonlyRootfs": told.get("readOnly", False),
            "Tmpfs": told.get("tmpfs") or {},
            "CapAdd": capabilities.get("adds") or [],
            "CapDrop": capabilities.get("drops") or [],
            "SecurityOpt": told.get("securityOpts") or [],
            "RestartPolicy": _restart(told),
            "Memory": int(told.get("memory", 0)) * _MIB,
            "MemorySwap": _swap(told),
            "LogConfig": {"Type": told.get("logDriver", ""), "Config": told.get("logOpts") or {}},
            "NetworkMode": told.get("networkMode", "bridge"),
            "AutoRemove": told.get("rm", False),
        },
    }
    made |= {"Cmd": told["command"]} if told.get("command") else {}
    return made | ({"Entrypoint": told["entrypoints"]} if told.get("entrypoints") else {})


def _bind(told: Props) -> str:
    source = told.get("hostPath") or told.get("volumeName")
    if not source or not told.get("containerPath"):
        raise CloudError("Unable to parse volumes: the stand-in wants a source and a path")
    return f"{source}:{told['containerPath']}:{'ro' if told.get('readOnly') else 'rw'}"


def _restart(told: Props) -> dict[str, Any]:
    retries = int(told.get("maxRetryCount", 0))
    return {"Name": told.get("restart", "no"), "MaximumRetryCount": retries}


def _swap(told: Props) -> int:
    swap = int(told.get("memorySwap", 0))
    return swap * _MIB if swap > 0 else swap


def read(api: DockerApi, id_: str, told: Props) -> Props | None:
    """What the plugin takes from the engine, over what was told. Environment, labels, volumes and
    networks it takes from nobody: what is done to those is not seen.
    """
    there = api.find(f"/containers/{id_}/json")
    if there is None:
        return None
    config, host = there["Config"], there["HostConfig"]
    running = there["State"]["Running"]
    by_id = str(told["image"]).startswith("sha256:")
    made = {
        **told,
        "name": there["Name"].lstrip("/"),
        "image": there["Image"] if by_id else config["Image"],
        "command": config["Cmd"],
        "entrypoints": config["Entrypoint"],
        "hostname": config["Hostname"],
        "user": config["User"],
        "workingDir": config["WorkingDir"],
        "groupAdds": host["GroupAdd"],
        "readOnly": host["ReadonlyRootfs"],
        "tmpfs": host.get("Tmpfs"),
        "securityOpts": host["SecurityOpt"],
        "restart": host["RestartPolicy"]["Name"],
        "maxRetryCount": host["RestartPolicy"]["MaximumRetryCount"],
        "memory": host["Memory"] // _MIB,
        "memorySwap": host["MemorySwap"] // _MIB if host["MemorySwap"] > 0 else host["MemorySwap"],
        "cpuShares": host["CpuShares"],
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"]["Config"] if told.get("logOpts") else None,
        "networkMode": host["NetworkMode"],
        "privileged": host["Privileged"],
        "rm": host["AutoRemove"],
        # A program that ended has to be started: the plugin says so by this one.
        "mustRun": told.get("mustRun", True) and running,
    }
    if host["CapAdd"] or host["CapDrop"]:
        made["capabilities"] = {"adds": host["CapAdd"] or [], "drops": host["CapDrop"] or []}
    return {name: value for name, value in made.items() if value is not None}


def update(api: DockerApi, id_: str, before: Props, news: Props) -> None:
    """What can change while it is what it is; of the rest the state alone hears."""
    if not before.get("mustRun", True) and news.get("mustRun", True) and news.get("start", True):
        api.post(f"/containers/{id_}/start")
    changing = ("restart", "maxRetryCount", "memory", "memorySwap", "cpuShares")
    if any(before.get(name) != news.get(name) for name in changing):
        limits = {"Memory": int(news.get("memory", 0)) * _MIB, "MemorySwap": _swap(news)}
        api.post(f"/containers/{id_}/update", {**limits, "RestartPolicy": _restart(news)})


def delete(api: DockerApi, id_: str, told: Props) -> None:
    """It is asked to end as long as somebody has said; else it is killed."""
    if not told.get("attach") and api.find(f"/containers/{id_}/json") is not None:
        api.post(f"/containers/{id_}/stop", t=int(told.get("destroyGraceSeconds", 0)))
    api.remove(f"/containers/{id_}", v=told.get("removeVolumes", True), force=True)
