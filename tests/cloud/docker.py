"""What the docker plugin does with networks, volumes and containers, on the real engine."""

import os
from typing import Any

from tests.cloud import docker_container, docker_inputs, sdk
from tests.cloud.cloud import CloudError, World
from tests.cloud.docker_api import DEFAULT, DockerApi, named
from tests.cloud.docker_inputs import CONTAINER, KINDS, NETWORK
from tests.cloud.google_inputs import DEFAULTS
from tests.cloud.values import UNKNOWN, Props, plain
from tests.cloud.vendor import Checked, Difference, Failure, Found

_NOT_OURS = ("version", "pluginDownloadURL")  # the engine's own, among a provider's settings
_IMAGE = "docker:index/getRemoteImage:getRemoteImage"
_COMPUTED = {
    CONTAINER: ("bridge", "containerLogs", "exitCode", "networkDatas"),
    NETWORK: ("scope",),
    docker_inputs.VOLUME: ("mountpoint",),
}


class Docker:
    """One configured provider, which has seen that an engine answers."""

    accepts_secrets = False  # the engine takes the marks off, and puts them on again

    def __init__(self) -> None:
        self._api: DockerApi | None = None

    @property
    def api(self) -> DockerApi:
        assert self._api, "Configure comes first"
        return self._api

    def check_config(self, news: Props) -> Checked:
        declared = {*sdk.settings("docker"), *_NOT_OURS}
        wrong = [Failure(f"invalid or unknown key: {n}") for n in news if n not in declared]
        return Checked(news, wrong)

    def diff_config(self, olds: Props, news: Props) -> Difference:
        """No change of it makes another provider."""
        names = {*olds, *news} - {"version"}
        return Difference({n: False for n in sorted(names) if olds.get(n) != news.get(n)})

    def configure(self, settings: Props) -> None:
        """Previews too need an engine."""
        if settings.get("context") or os.environ.get("DOCKER_CONTEXT"):
            raise CloudError("the stand-in knows no contexts, which would win over a host")
        self._api = DockerApi(settings.get("host") or os.environ.get("DOCKER_HOST") or DEFAULT)

    def invoke(self, token: str, args: Props, world: World) -> Props:
        """An image that is on the host already: nothing is pulled."""
        if token != _IMAGE:
            raise CloudError(f"the stand-in does not know {token}")
        found = self.api.find(f"{named('images', args['name'])}/json")
        if found is None:
            raise CloudError(f"did not find docker image '{args['name']}'")
        digest = next(iter(found.get("RepoDigests") or []), "")
        return {"id": found["Id"], "name": args["name"], "repoDigest": digest}

    def check(self, type_: str, name: str, olds: Props, news: Props, seed: bytes) -> Checked:
        if type_ not in KINDS:
            raise CloudError(f"the stand-in does not know {type_}")
        told = docker_inputs.named(name, olds, news, seed)
        return Checked(told, docker_inputs.invalid(type_, told))

    def diff(self, type_: str, old_inputs: Props, state: Props, news: Props) -> Difference:
        own_name = "name" not in news.get(DEFAULTS, ["name"])
        return Difference(
            docker_inputs.different(type_, plain(state), plain(_inputs(news))),
            deletes_first=KINDS[type_].deletes_first or own_name,
        )

    def foresee(self, type_: str, news: Props, state: Props | None) -> Props:
        told = {**KINDS[type_].defaults, **_inputs(news)}
        if state is not None:
            return {**state, **told}
        return {**dict.fromkeys((*KINDS[type_].computed, *_COMPUTED[type_]), UNKNOWN), **told}

    def create(self, type_: str, name: str, inputs: Props, world: World) -> tuple[str, Props]:
        told = plain(_inputs(inputs))
        if type_ == CONTAINER:
            id_ = docker_container.create(self.api, told)
        elif type_ == NETWORK:
            id_ = self._network(told)
        else:  # one of that name which is there already is taken, whoever made it
            asked = {
                "Name": told["name"],
                "Driver": told.get("driver", ""),
                "Labels": _labels(told),
            }
            id_ = self.api.post("/volumes/create", asked)["Name"]
        state = self._read(type_, id_, told)
        assert state is not None, f"{id_} is gone as soon as it was made"
        return id_, state

    def _network(self, told: Props) -> str:
        asked = {"Name": told["name"], "Labels": _labels(told)}
        for name, word in (("driver", "Driver"), ("internal", "Internal")):
            asked |= {word: told[name]} if name in told else {}
        try:
            return str(self.api.post("/networks/create", {**asked, "CheckDuplicate": True})["Id"])
        except CloudError as error:
            raise CloudError(f"Unable to create network: {error}") from error

    def read(self, type_: str, id_: str, inputs: Props, state: Props, world: World) -> Found | None:
        found = self._read(type_, id_, plain(state))
        if found is None:
            return None
        return Found({n: found.get(n, value) for n, value in inputs.items()}, found)

    def _read(self, type_: str, id_: str, told: Props) -> Props | None:
        told = {**KINDS[type_].defaults, **told}
        if type_ == CONTAINER:
            return docker_container.read(self.api, id_, told)
        there = self.api.find(named("networks" if type_ == NETWORK else "volumes", id_))
        if there is None:
            return None
        labels = [{"label": k, "value": v} for k, v in (there["Labels"] or {}).items()]
        made = {**told, "name": there["Name"], "driver": there["Driver"], "labels": labels}
        if type_ == NETWORK:
            own = {"internal": there["Internal"], "attachable": there["Attachable"]}
            return made | own | {"ipamDriver": there["IPAM"]["Driver"], "scope": there["Scope"]}
        return made | {"driverOpts": there["Options"] or {}, "mountpoint": there["Mountpoint"]}

    def update(self, type_: str, id_: str, state: Props, news: Props, world: World) -> Props:
        told = {**KINDS[type_].defaults, **plain(_inputs(news))}
        docker_container.update(self.api, id_, plain(state), told)
        made = self._read(type_, id_, {**plain(state), **told})
        if made is None:
            raise CloudError(f"Unable to update a container: No such container: {id_}")
        return made

    def delete(self, type_: str, id_: str, state: Props, world: World) -> None:
        if type_ == CONTAINER:
            docker_container.delete(self.api, id_, plain(state))
        elif type_ == NETWORK:
            self.api.remove_unused(named("networks", id_), in_use=403)
        else:
            self.api.remove_unused(named("volumes", id_), in_use=409)


def _labels(told: Props) -> dict[str, str]:
    return {each["label"]: each["value"] for each in told.get("labels", [])}


def _inputs(told: Props) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != DEFAULTS}
