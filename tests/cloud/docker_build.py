"""What the docker-build plugin does with an image, less the building.

What it pushes has hardly any bytes, and is an image: where ``STAND_IN_REGISTRY`` names a registry
on this machine, which plays them all, it really goes there. Where ``loading`` can, it is really
built: what is loaded, and what is pushed to such a registry.
"""

import json
import os
from functools import partial
from typing import Any

from tests.cloud import image_inputs, loading, sdk
from tests.cloud.cloud import CloudError, World
from tests.cloud.image_inputs import Image
from tests.cloud.registries import Registries
from tests.cloud.values import UNKNOWN, Props, has_unknown, plain
from tests.cloud.vendor import Checked, Difference, Failure, Found
from tests.registry import RealRegistry, image

IMAGE = "docker-build:index:Image"
_COMPUTED = ("contextHash", "digest", "ref")
# What an image's content does not come from.
_ASIDE = {"registries", "cacheFrom", "cacheTo", "exports", "buildOnPreview", "push"}
_CONFIG = ("host", "registries")


class DockerBuild:
    """Images by their digests. They lie in registries; no other object of the cloud is made."""

    accepts_secrets = True
    configured = False
    host = ""
    several_exports = False  # until a builder has booted, nobody knows what it can

    def check_config(self, news: Props) -> Checked:
        """The daemon that this machine names comes into the state."""
        unknown = [n for n in news if n not in (*_CONFIG, "version") and not n.startswith("__")]
        failures = [Failure(f"Unrecognized field '{n}' on 'internal.Config'", n) for n in unknown]
        host = news.get("host") or os.environ.get("DOCKER_HOST")
        told = {"host": host} if host else {}
        return Checked({**news, **told, "__pulumi-go-provider-infer": True}, failures)

    def diff_config(self, olds: Props, news: Props) -> Difference:
        return Difference({name: True for name in _CONFIG if olds.get(name) != news.get(name)})

    def configure(self, settings: Props) -> None:
        self.configured = True
        self.host = settings.get("host", "")

    def invoke(self, token: str, args: Props, world: World) -> Props:
        raise CloudError(f"the stand-in does not know {token}")

    def check(self, type_: str, name: str, olds: Props, news: Props, seed: bytes) -> Checked:
        if type_ != IMAGE:
            raise CloudError(f"the stand-in does not know {type_}")
        told = sdk.zeroed(sdk.inputs(type_), plain(news))
        if failures := image_inputs.undecodable(type_, told):
            return Checked(news, failures)
        wrong = self._wrong(told, weak=has_unknown(news))
        return Checked(image_inputs.completed(news), wrong)

    def _wrong(self, told: Props, *, weak: bool) -> list[Failure]:
        whole = plain(image_inputs.completed(told))
        several = self.several_exports or not self.configured
        return image_inputs.invalid(whole, weak=weak, several_exports=several)

    def diff(self, type_: str, old_inputs: Props, state: Props, news: Props) -> Difference:
        """Whatever it is, it makes no other resource."""
        before, after = (sdk.zeroed(sdk.inputs(type_), plain(each)) for each in (state, news))
        changed = image_inputs.different(before, after)
        if Image(after).context_hash() != state.get("contextHash") or (
            after.get("pull") and (after.get("exports") or after.get("push") or after.get("load"))
        ):
            changed.append("contextHash")
        return Difference(dict.fromkeys(changed, False))

    def foresee(self, type_: str, news: Props, state: Props | None) -> Props:
        told = sdk.zeroed(sdk.inputs(type_), plain(news))
        weak = has_unknown(news)
        made = self._prepared(told, weak=True)
        names = sdk.inputs(type_)
        if state is None or weak or any(plain(news.get(n)) != plain(state.get(n)) for n in names):
            return {**news, **dict.fromkeys(_COMPUTED, UNKNOWN)}
        if told.get("buildOnPreview", True) and Image(told).is_buildable:
            made |= {"digest": _image(told).digest}
        return {**news, **made}

    def _prepared(self, told: Props, *, weak: bool) -> Props:
        """What is known before a build, which needs no daemon."""
        if os.environ.get("DOCKER_BUILDKIT") == "0":
            raise CloudError("buildkit is not supported on this host")
        if wrong := self._wrong(told, weak=weak):
            raise CloudError("preparing: " + "\n".join(each.reason for each in wrong))
        hashed = Image(told).context_hash()
        return {"contextHash": hashed, "digest": "", "ref": next(iter(told.get("tags", [])), "")}

    def create(self, type_: str, name: str, inputs: Props, world: World) -> tuple[str, Props]:
        state = self._built(inputs, world)
        return state["digest"] or name, state

    def update(self, type_: str, id_: str, state: Props, news: Props, world: World) -> Props:
        """What was pushed before stays where it is, and the id is that of the first one."""
        return self._built(news, world)

    def _built(self, inputs: Props, world: World) -> Props:
        told = plain(inputs)
        made = self._prepared(told, weak=False)
        self.several_exports = True
        asked, registries = Image(told), Registries(world, told.get("registries", []))
        pushed = [registries.push(name, partial(self._put, told)) for name in asked.pushed]
        if any(each.has_image for each in asked.exports):
            digest = self._load(told) if asked.is_loaded else (pushed or [_image(told).digest])[0]
            first = next(filter(None, (image_inputs.qualified(t) for t in asked.tags)), "")
            made |= {"digest": digest, "ref": f"{first}@{digest}" if first else made["ref"]}
        return {**inputs, **made}

    def _put(self, told: Props, registry: RealRegistry | None, repository: str) -> str:
        if registry and loading.client():
            return loading.push(told, self.host, f"{registry.host}/{repository}")
        made = _image(told)
        if registry:
            registry.push(repository, made)
        return made.digest

    def _load(self, told: Props) -> str:
        return loading.build(told, self.host) if loading.client() else _image(told).digest

    def read(self, type_: str, id_: str, inputs: Props, state: Props, world: World) -> Found | None:
        """It is looked for by its tags: one that has none is never missed."""
        told = plain(state)
        asked = Image(told)
        if not asked.pushed:
            return Found(inputs, state)
        kept, there = [], Registries(world, told.get("registries", []))
        for tag in asked.tags:
            if not image_inputs.qualified(tag):
                kept.append(tag)
                break
            if there.has(tag, told["digest"]):
                kept.append(tag)
        if asked.tags and not kept:
            return None
        return Found(inputs, {**state, "tags": kept})

    def delete(self, type_: str, id_: str, state: Props, world: World) -> None:
        """By its tags too: without one, what was pushed stays in the registry."""
        told = plain(state)
        there = Registries(world, told.get("registries", []))
        for tag in Image(told).tags if told.get("digest") else ():
            if loading.client():
                loading.remove(tag, self.host)
            there.remove(tag, told["digest"])


def _image(told: Props) -> Any:
    content = {name: value for name, value in told.items() if name not in _ASIDE}
    return image(json.dumps([content, Image(told).context_hash()], sort_keys=True))
