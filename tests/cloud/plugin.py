"""A Pulumi plugin that stands in for a real one, at the protocol: python -m tests.cloud.plugin NAME

The engine starts it as any other plugin; the file named by ``STAND_IN_CLOUD`` plays the cloud.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from pulumi.runtime.proto import plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)

from tests.cloud.cloud import Cloud, CloudError, World, plain
from tests.cloud.docker_build import DockerBuild
from tests.cloud.google import Google

VENDORS = {"gcp": Google, "docker-build": DockerBuild}
_KIND = provider_pb2.PropertyDiff


class Plugin(ResourceProviderServicer):
    """The hooks that the engine calls, in front of one vendor."""

    def __init__(self, vendor: Google | DockerBuild, version: str, cloud: Cloud) -> None:
        self.vendor, self.version, self.cloud = vendor, version, cloud

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        same = _dict(request.old_inputs) == _dict(request.news)
        changes = provider_pb2.DiffResponse
        return changes(changes=changes.DIFF_NONE if same else changes.DIFF_SOME)

    def Configure(self, request: Any, context: Any) -> Any:
        self.vendor.settings = {
            name: value for name, value in plain(_dict(request.args)).items() if name in _SETTINGS
        }
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        with self._turn(context) as world:
            told = self.vendor.invoke(request.tok, world)
        return provider_pb2.InvokeResponse(**{"return": _struct(told)})

    def Check(self, request: Any, context: Any) -> Any:
        type_, name = _named(request.urn)
        olds, news = _dict(request.olds), _dict(request.news)
        try:
            told = self.vendor.check(type_, name, olds, news, request.randomSeed)
        except CloudError as error:
            wrong = provider_pb2.CheckFailure(reason=str(error))
            return provider_pb2.CheckResponse(failures=[wrong])
        return provider_pb2.CheckResponse(inputs=_struct(told))

    def Diff(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        olds, news = _dict(request.olds), _dict(request.news)
        changed = self.vendor.changed(type_, _dict(request.old_inputs), olds, news)
        replaces = [name for name, replace in changed.items() if replace]
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=list(changed),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and self.vendor.named(type_, news),
            hasDetailedDiff=True,
            detailedDiff={
                name: _KIND(kind=_KIND.UPDATE_REPLACE if replace else _KIND.UPDATE, inputDiff=True)
                for name, replace in changed.items()
            },
        )

    def Create(self, request: Any, context: Any) -> Any:
        type_, name = _named(request.urn)
        inputs = _dict(request.properties)
        if request.preview:
            foreseen = self.vendor.foreseen(type_, inputs)
            return provider_pb2.CreateResponse(properties=_struct(foreseen))
        with self._turn(context) as world:
            if world.fails(type_, "before"):
                raise CloudError("Error 503: the stand-in was told to fail")
            id_, outputs = self.vendor.create(type_, name, inputs, world)
            world.objects[id_] = {"type": type_, "name": name, "inputs": inputs, "outputs": outputs}
            half = world.fails(type_, "after")
        if half:
            context.abort_with_status(_half_made(id_, inputs, outputs))
        return provider_pb2.CreateResponse(id=id_, properties=_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        with self._turn(context) as world:
            found = world.objects.get(request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        inputs = {**_dict(request.inputs), **found["inputs"]}
        return provider_pb2.ReadResponse(
            id=request.id, inputs=_struct(inputs), properties=_struct(found["outputs"])
        )

    def Update(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        olds, inputs = _dict(request.olds), _dict(request.news)
        if request.preview:
            foreseen = self.vendor.foreseen(type_, inputs)
            known = {n: olds[n] for n in foreseen if n not in inputs and n in olds}
            if isinstance(self.vendor, Google):  # what is computed stays as long as the object
                foreseen |= known
            return provider_pb2.UpdateResponse(properties=_struct(foreseen))
        with self._turn(context) as world:
            outputs = self.vendor.update(type_, request.id, olds, inputs, world)
            world.objects[request.id] |= {"inputs": inputs, "outputs": outputs}
        return provider_pb2.UpdateResponse(properties=_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        with self._turn(context) as world:
            if request.id in world.objects:
                self.vendor.delete(type_, request.id, world)
        return Empty()

    def _turn(self, context: Any) -> Any:
        return _Turn(self.cloud, context)


class _Turn:
    """A turn at the cloud, whose refusal becomes the call's."""

    def __init__(self, cloud: Cloud, context: Any) -> None:
        self.turn, self.context = cloud.open(), context

    def __enter__(self) -> World:
        return self.turn.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.turn.__exit__(None, None, None)
        if isinstance(error, CloudError):
            self.context.abort(grpc.StatusCode.UNKNOWN, str(error))


_SETTINGS = ("project", "region")


def _half_made(id_: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    """It stands, and yet something went wrong: what Google's plugin says of one that times out."""
    told = provider_pb2.ErrorResourceInitFailed(
        id=id_,
        inputs=_struct(inputs),
        properties=_struct(outputs),
        reasons=["timeout while waiting for it"],
    )
    status = Status(code=grpc.StatusCode.UNKNOWN.value[0], message="half made")
    status.details.add().Pack(told)
    return rpc_status.to_status(status)


def _named(urn: str) -> tuple[str, str]:
    _, _, types, name = urn.split("::", 3)
    return types.rpartition("$")[2], name


def _dict(told: Struct) -> dict[str, Any]:
    return MessageToDict(told)


def _struct(told: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(told)
    return made


def main(name: str) -> None:
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(16), options=options)
    wanted = version(f"pulumi-{name}")  # the engine asks for the SDK's
    plugin = Plugin(VENDORS[name](), wanted, Cloud(Path(os.environ["STAND_IN_CLOUD"])))
    add_ResourceProviderServicer_to_server(plugin, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
