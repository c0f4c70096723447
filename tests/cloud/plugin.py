"""A Pulumi plugin that stands in for a real one, at the protocol: python -m tests.cloud.plugin NAME

The engine starts it as any other plugin; the file named by ``STAND_IN_CLOUD`` plays the cloud.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
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

from tests.cloud.cloud import Cloud, CloudError, World
from tests.cloud.docker import Docker
from tests.cloud.docker_build import DockerBuild
from tests.cloud.google import Google
from tests.cloud.values import Props, plain
from tests.cloud.vendor import Checked, Difference, Vendor

VENDORS: Mapping[str, Callable[[], Vendor]] = {
    "docker": Docker,
    "docker-build": DockerBuild,
    "gcp": Google,
}
_KIND = provider_pb2.PropertyDiff


class Plugin(ResourceProviderServicer):
    """The hooks that the engine calls, in front of one vendor."""

    def __init__(self, vendor: Vendor, version: str, cloud: Cloud) -> None:
        self.vendor, self.version, self.cloud = vendor, version, cloud

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        with _refusing(context):
            return _checked(self.vendor.check_config(_dict(request.news)))

    def DiffConfig(self, request: Any, context: Any) -> Any:
        olds, news = _dict(request.old_inputs), _dict(request.news)
        return _difference(self.vendor.diff_config(olds, news))

    def Configure(self, request: Any, context: Any) -> Any:
        with _refusing(context):
            self.vendor.configure(plain(_dict(request.args)))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=self.vendor.accepts_secrets,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
        )

    def Invoke(self, request: Any, context: Any) -> Any:
        with self._turn(context) as world:
            told = self.vendor.invoke(request.tok, plain(_dict(request.args)), world)
        return provider_pb2.InvokeResponse(**{"return": struct(told)})

    def Check(self, request: Any, context: Any) -> Any:
        type_, name = _named(request.urn)
        olds, news = _dict(request.olds), _dict(request.news)
        with _refusing(context):
            return _checked(self.vendor.check(type_, name, olds, news, request.randomSeed))

    def Diff(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        before, state, news = map(_dict, (request.old_inputs, request.olds, request.news))
        with _refusing(context):
            return _difference(self.vendor.diff(type_, before, state, news))

    def Create(self, request: Any, context: Any) -> Any:
        type_, name = _named(request.urn)
        inputs = _dict(request.properties)
        if request.preview:
            with _refusing(context):
                foreseen = self.vendor.foresee(type_, inputs, None)
            return provider_pb2.CreateResponse(properties=struct(foreseen))
        with self._turn(context) as world:
            if world.fails(type_, "before"):
                raise CloudError("Error 503: the stand-in was told to fail")
            id_, state = self.vendor.create(type_, name, inputs, world)
            half = world.fails(type_, "after")
        if half:
            context.abort_with_status(_half_made(id_, inputs, state))
        return provider_pb2.CreateResponse(id=id_, properties=struct(state))

    def Read(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        inputs, state = _dict(request.inputs), _dict(request.properties)
        with self._turn(context) as world:
            found = self.vendor.read(type_, request.id, inputs, state, world)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id, inputs=struct(found.inputs), properties=struct(found.state)
        )

    def Update(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        state, news = _dict(request.olds), _dict(request.news)
        if request.preview:
            with _refusing(context):
                foreseen = self.vendor.foresee(type_, news, state)
            return provider_pb2.UpdateResponse(properties=struct(foreseen))
        with self._turn(context) as world:
            made = self.vendor.update(type_, request.id, state, news, world)
        return provider_pb2.UpdateResponse(properties=struct(made))

    def Delete(self, request: Any, context: Any) -> Any:
        type_, _ = _named(request.urn)
        with self._turn(context) as world:
            self.vendor.delete(type_, request.id, _dict(request.properties), world)
        return Empty()

    @contextmanager
    def _turn(self, context: Any) -> Iterator[World]:
        """A turn at the cloud."""
        with _refusing(context), self.cloud.open() as world:
            yield world


@contextmanager
def _refusing(context: Any) -> Iterator[None]:
    """A refusal becomes the call's."""
    try:
        yield
    except CloudError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _checked(told: Checked) -> Any:
    """The inputs go back even where they are wrong."""
    failures = [
        provider_pb2.CheckFailure(property=each.property, reason=each.reason)
        for each in told.failures
    ]
    return provider_pb2.CheckResponse(inputs=struct(told.inputs), failures=failures)


def _difference(told: Difference) -> Any:
    replaces = [name for name, replace in told.changes.items() if replace]
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if told.changes else response.DIFF_NONE,
        diffs=list(told.changes),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and told.deletes_first,
        hasDetailedDiff=True,
        detailedDiff={
            name: _KIND(kind=_KIND.UPDATE_REPLACE if replace else _KIND.UPDATE, inputDiff=True)
            for name, replace in told.changes.items()
        },
    )


def _half_made(id_: str, inputs: Props, state: Props) -> Any:
    """It stands, and yet something went wrong: what Google's plugin says of one that times out."""
    told = provider_pb2.ErrorResourceInitFailed(
        id=id_,
        inputs=struct(inputs),
        properties=struct(state),
        reasons=["timeout while waiting for it"],
    )
    status = Status(code=grpc.StatusCode.UNKNOWN.value[0], message="half made")
    status.details.add().Pack(told)
    return rpc_status.to_status(status)


def _named(urn: str) -> tuple[str, str]:
    _, _, types, name = urn.split("::", 3)
    return types.rpartition("$")[2], name


def _dict(told: Struct) -> Props:
    return MessageToDict(told)


def struct(told: Props) -> Struct:
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
    with suppress(KeyboardInterrupt):  # with which the engine ends it
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
