"""A stand-in plugin behind its real protocol, spoken to as the engine speaks to a plugin."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from grpc_status import rpc_status
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderStub,
    add_ResourceProviderServicer_to_server,
)

from tests.cloud.cloud import Cloud, World
from tests.cloud.plugin import VENDORS, Plugin, struct
from tests.cloud.values import Props

SEED = b"a seed of the engine"


class Refused(Exception):
    """A call that ended in an error, with its text; ``half`` is what stands nevertheless."""

    half: provider_pb2.ErrorResourceInitFailed | None = None


@dataclass(frozen=True)
class Changes:
    """What a diff says."""

    paths: list[str]
    replaces: list[str]
    deletes_first: bool


@dataclass
class Spoken:
    """One plugin process, as it were, with the cloud that it acts on."""

    stub: ResourceProviderStub
    cloud: Cloud

    @property
    def world(self) -> World:
        with self.cloud.open() as world:
            return world

    def check_config(self, **news: Any) -> tuple[Props, list[str]]:
        told = self._call("CheckConfig", provider_pb2.CheckRequest(news=struct(news)))
        return MessageToDict(told.inputs), [each.reason for each in told.failures]

    def diff_config(self, olds: Props, news: Props) -> Changes:
        request = provider_pb2.DiffRequest(old_inputs=struct(olds), news=struct(news))
        return _changes(self._call("DiffConfig", request))

    def configure(self, **settings: Any) -> Any:
        request = provider_pb2.ConfigureRequest(args=struct(settings), acceptSecrets=True)
        return self._call("Configure", request)

    def invoke(self, token: str, **args: Any) -> Props:
        told = self._call("Invoke", provider_pb2.InvokeRequest(tok=token, args=struct(args)))
        return MessageToDict(getattr(told, "return"))

    def check(
        self, type_: str, news: Props, olds: Props | None = None, name: str = "it"
    ) -> tuple[Props, dict[str, str]]:
        """The inputs as they are checked, and by what is wrong, the property of it."""
        request = provider_pb2.CheckRequest(
            urn=_urn(type_, name), olds=struct(olds or {}), news=struct(news), randomSeed=SEED
        )
        told = self._call("Check", request)
        return MessageToDict(told.inputs), {f.reason: f.property for f in told.failures}

    def diff(self, type_: str, state: Props, news: Props, inputs: Props | None = None) -> Changes:
        request = provider_pb2.DiffRequest(
            urn=_urn(type_),
            olds=struct(state),
            old_inputs=struct(state if inputs is None else inputs),
            news=struct(news),
        )
        return _changes(self._call("Diff", request))

    def create(self, type_: str, inputs: Props, name: str = "it") -> tuple[str, Props]:
        request = provider_pb2.CreateRequest(urn=_urn(type_, name), properties=struct(inputs))
        told = self._call("Create", request)
        return told.id, MessageToDict(told.properties)

    def foresee(self, type_: str, news: Props, state: Props | None = None) -> Props:
        """What a preview says of a new one, or of a change of one that stands."""
        urn = _urn(type_)
        if state is None:
            request = provider_pb2.CreateRequest(urn=urn, properties=struct(news), preview=True)
            return MessageToDict(self._call("Create", request).properties)
        change = provider_pb2.UpdateRequest(
            urn=urn, id="id", olds=struct(state), news=struct(news), preview=True
        )
        return MessageToDict(self._call("Update", change).properties)

    def update(self, type_: str, id_: str, state: Props, news: Props) -> Props:
        request = provider_pb2.UpdateRequest(
            urn=_urn(type_), id=id_, olds=struct(state), news=struct(news)
        )
        return MessageToDict(self._call("Update", request).properties)

    def read(self, type_: str, id_: str, inputs: Props, state: Props) -> tuple[str, Props, Props]:
        """The id, which is empty of what has gone; the inputs and the state."""
        request = provider_pb2.ReadRequest(
            urn=_urn(type_), id=id_, inputs=struct(inputs), properties=struct(state)
        )
        told = self._call("Read", request)
        return told.id, MessageToDict(told.inputs), MessageToDict(told.properties)

    def delete(self, type_: str, id_: str, state: Props) -> None:
        request = provider_pb2.DeleteRequest(urn=_urn(type_), id=id_, properties=struct(state))
        self._call("Delete", request)

    def _call(self, name: str, request: Any) -> Any:
        try:
            return getattr(self.stub, name)(request)
        except grpc.RpcError as error:
            refused = Refused(error.details())
            if status := rpc_status.from_call(error):
                refused.half = provider_pb2.ErrorResourceInitFailed()
                status.details[0].Unpack(refused.half)
            raise refused from error


@contextmanager
def speaking(name: str, cloud: Path) -> Iterator[Spoken]:
    """A process's life; another one finds the cloud as this one left it."""
    server = grpc.server(ThreadPoolExecutor(2))
    add_ResourceProviderServicer_to_server(Plugin(VENDORS[name](), "0", Cloud(cloud)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Spoken(ResourceProviderStub(channel), Cloud(cloud))
    finally:
        server.stop(None).wait()


def _urn(type_: str, name: str = "it") -> str:
    return f"urn:pulumi:dev::dataflows::{type_}::{name}"


def _changes(told: Any) -> Changes:
    assert {*told.detailedDiff} == {*told.diffs}, "replaceOnChanges needs both"
    return Changes(sorted(told.diffs), sorted(told.replaces), told.deleteBeforeReplace)
