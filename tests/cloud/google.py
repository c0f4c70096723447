"""What Google, and the plugin before it, make of the resources of our stacks.

``STAND_IN_CREDENTIALS`` says who asks: somebody with a ``fresh`` token for each process, or with a
``cached`` one, or nobody: ``none``.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from tests.cloud import google_inputs, google_rules, sdk
from tests.cloud.cloud import CloudError, World
from tests.cloud.kinds import KINDS
from tests.cloud.values import UNKNOWN, Props, has_unknown, plain, secret
from tests.cloud.vendor import Checked, Difference, Failure, Found

_NOT_OURS = ("version", "pluginDownloadURL")  # the engine's own, among a provider's settings
_ATTRIBUTION = {"goog-pulumi-provisioned": "true"}


class Google:
    """One configured provider; ``settings`` are its own, such as the project."""

    accepts_secrets = False  # the engine takes the marks off, and puts them on again

    def __init__(self) -> None:
        self.settings: Mapping[str, Any] = {}
        self.token = ""

    def check_config(self, news: Props) -> Checked:
        """With a project it looks for credentials; with anything unknown it looks at nothing."""
        declared = {*sdk.settings("gcp"), *_NOT_OURS}
        wrong = [Failure(f"invalid or unknown key: {n}") for n in news if n not in declared]
        if news.get("project") and not has_unknown(news):
            _authenticate("failed to load application credentials.")
        return Checked(news, wrong)

    def diff_config(self, olds: Props, news: Props) -> Difference:
        """No change of it makes another provider."""
        names = {*olds, *news} - {"version"}
        return Difference({n: False for n in sorted(names) if olds.get(n) != news.get(n)})

    def configure(self, settings: Props) -> None:
        if not settings.get("project"):
            _authenticate("Attempted to load application default credentials.")
        self.settings = settings

    @property
    def project(self) -> str:
        return self.settings.get("project", "")

    def invoke(self, token: str, args: Props, world: World) -> Props:
        if token != "gcp:organizations/getClientConfig:getClientConfig":
            raise CloudError(f"the stand-in does not know {token}")
        kind = _authenticate("Attempted to load application default credentials.")
        if not self.token:
            number = 0 if kind == "cached" else world.count("tokens")
            self.token = f"ya29.stand-in-token-{number}"
        known = {name: self.settings.get(name, "") for name in ("project", "region")}
        return {"id": "me", "accessToken": secret(self.token), **known}

    def check(self, type_: str, name: str, olds: Props, news: Props, seed: bytes) -> Checked:
        if type_ not in KINDS:
            raise CloudError(f"the stand-in does not know {type_}")
        told = google_inputs.named(type_, name, olds, news, seed)
        return Checked(told, google_inputs.invalid(type_, told))

    def diff(self, type_: str, old_inputs: Props, state: Props, news: Props) -> Difference:
        after = self._planned(type_, news)
        own = {name: state.get(name, after[name]) for name in ("project",) if name in after}
        return Difference(
            google_inputs.different(type_, own | plain(old_inputs), plain(after)),
            deletes_first=KINDS[type_].deletes_first or google_inputs.has_own_name(type_, news),
        )

    def foresee(self, type_: str, news: Props, state: Props | None) -> Props:
        """What is computed stays as long as the object; of a new one little is known."""
        told, kind = self._planned(type_, news), KINDS[type_]
        if state is not None:
            computed = {n: v for n, v in state.items() if n not in sdk.inputs(type_)}
        else:
            computed = dict.fromkeys(kind.outputs, UNKNOWN)
            for name in kind.foreseen:
                text = _filled(kind.outputs[name], told)
                computed[name] = text if UNKNOWN not in text else UNKNOWN
        return {**_inputs(told), **computed, **self._labels(type_, told)}

    def create(self, type_: str, name: str, inputs: Props, world: World) -> tuple[str, Props]:
        told = self._planned(type_, inputs)
        google_rules.request(type_, told, self.project, world)
        if type_.endswith(":SecretVersion"):
            told["version"] = str(world.count(told["secret"]))
        id_ = _filled(KINDS[type_].id, told)
        google_rules.admit(type_, id_, world)
        state = self._state(type_, told)
        world.objects[id_] = {"type": type_, "name": name, "inputs": inputs, "outputs": state}
        return id_, state

    def read(self, type_: str, id_: str, inputs: Props, state: Props, world: World) -> Found | None:
        google_rules.enabled(type_, self.project, world)
        found = world.objects.get(id_)
        return found and Found({**inputs, **found["inputs"]}, found["outputs"])

    def update(self, type_: str, id_: str, state: Props, news: Props, world: World) -> Props:
        if id_ not in world.objects:
            raise CloudError(
                "Resource provider reported that the resource did not exist while updating "
                f"{id_}: Error 404"
            )
        told = self._planned(type_, news)
        google_rules.request(type_, told, self.project, world)
        google_rules.change(type_, plain(world.objects[id_]["inputs"]), told)
        made = self._state(type_, {**plain(state), **told})
        world.objects[id_] |= {"inputs": news, "outputs": made}
        return made

    def delete(self, type_: str, id_: str, state: Props, world: World) -> None:
        if id_ in world.objects:
            google_rules.remove(type_, id_, world)

    def _planned(self, type_: str, news: Props) -> Props:
        """With the provider's project, for what is in one."""
        own = {"project": self.project} if self.project and "project" in sdk.inputs(type_) else {}
        google_rules.plan(type_, {**own, **news})
        return {**own, **news}

    def _state(self, type_: str, told: Props) -> Props:
        kind = KINDS[type_]
        computed = {name: _filled(text, told) for name, text in kind.outputs.items()}
        given = {n: v for n, v in _inputs(told).items() if n in sdk.outputs(type_)}
        marked = {name: secret(given[name]) for name in kind.secret if name in given}
        return {**given, **marked, **computed, **self._labels(type_, told)}

    def _labels(self, type_: str, told: Props) -> Props:
        """The computed twins of labels, which the plugin keeps secret whatever is in them."""
        if "pulumiLabels" not in sdk.outputs(type_):
            return {}
        labels = told.get("labels", {})
        if has_unknown(labels):
            return {"pulumiLabels": UNKNOWN, "effectiveLabels": UNKNOWN}
        defaults = json.loads(self.settings.get("defaultLabels") or "{}")
        everything = {**defaults, **labels, **_ATTRIBUTION}
        return {"pulumiLabels": secret(everything), "effectiveLabels": secret(everything)}


def _authenticate(complaint: str) -> str:
    """How somebody is known. A preview has to be, as well."""
    kind = os.environ.get("STAND_IN_CREDENTIALS", "fresh")
    if kind == "none":
        raise CloudError(f"{complaint} To use them, run `gcloud auth application-default login`")
    return kind


def _filled(text: str, told: Props) -> str:
    return text.format_map({**plain(told)})


def _inputs(told: Props) -> Props:
    return {name: value for name, value in told.items() if name != google_inputs.DEFAULTS}
