"""What every kind of Prefect object shares on its way through Pulumi's dynamic provider.

A subclass says how one kind is found, made, changed, removed and seen; this class turns that into
the hooks that Pulumi calls. Pulumi's state names the subclasses by module path, so moving one
orphans what is deployed.
"""

import sys
import threading
import traceback
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cached_property, wraps
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    ParamSpec,
    TypeAlias,
    TypeVar,
    get_args,
)

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from . import way_out
from .connection import Connection, resolve
from .declared import Props, Undeclared, decode, encode, same, unsendable
from .errors import PrefectError
from .pulumi_sdk import declared_here, hasten

if TYPE_CHECKING:
    from .api import PrefectApi

T = TypeVar("T")
P = ParamSpec("P")

_JSON: Final = "travels as JSON text"

# An optional field: left out, it is not managed; None clears it.
Declared: TypeAlias = pulumi.Input[T] | Undeclared | None
# The same for a field that holds a list or a mapping, and one that has to be given.
Structured: TypeAlias = Annotated[pulumi.Input[T] | Undeclared | None, _JSON]
AnyJson: TypeAlias = Annotated[Any, _JSON]

_ADOPT: Final = "adopt"

Problem: TypeAlias = tuple[str, str]  # a field, and what is wrong with it


def _plainly(hook: Callable[P, T]) -> Callable[P, T]:
    """Let an error that is meant for the user reach them as its text alone.

    Pulumi prints the whole traceback of whatever a hook raises; ``configure`` turns that off, so
    a bug of ours has to carry its traceback in its text.
    """

    @wraps(hook)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return hook(*args, **kwargs)
        except PrefectError as error:
            raise error from None
        except Exception as bug:
            trace = "".join(traceback.format_exception(bug, limit=50))
            raise RuntimeError(f"A bug in the Prefect provider:\n{trace}") from None

    return call


class PrefectProvider(ResourceProvider):
    """The hooks of one kind of Prefect object.

    ``args`` is the dataclass whose fields are the inputs; ``identity`` names the fields that make
    it another object when they change; ``empty`` says what clears a field that takes no null.
    """

    serialize_as_secret_always = False  # it is a module path: no code, no credential

    kind: ClassVar[str]
    args: ClassVar[type]
    identity: ClassVar[tuple[str, ...]]
    empty: ClassVar[Mapping[str, Any]] = {}
    outputs: ClassVar[tuple[str, ...]] = ()  # what Prefect adds and programs read
    only_cloud: ClassVar[bool] = False
    connection: Connection

    @cached_property
    def api(self) -> "PrefectApi":
        """Made at its first use: where nothing changed, no call is made."""
        return _api(self.connection)

    # -- what a kind says of itself -------------------------------------------------------------

    @abstractmethod
    def find(self, id_: str, fields: Props) -> Props | None:
        """The live object with this id; ``None`` when it is gone."""

    @abstractmethod
    def lookup(self, fields: Props) -> Props | None:
        """The live object with the natural key of ``fields``, whoever made it."""

    def taken(self, fields: Props) -> Props | None:
        """What stands where an object is to be made."""
        return self.lookup(fields)

    @abstractmethod
    def make(self, fields: Props) -> Props:
        """Make the object, which is known not to exist; the live object."""

    @abstractmethod
    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        """Send ``changed``, the declared fields whose value is new, and nothing else."""

    @abstractmethod
    def remove(self, id_: str, fields: Props) -> None:
        """Remove the object, and nothing that is not ours with it; gone already is gone."""

    def problems(self, fields: Props) -> Iterator[Problem]:
        """What Prefect would refuse, or worse, accept; found without the network."""
        yield from ()

    def seen(self, live: Props, fields: Props) -> Props:
        """The declared fields as they are live, whole, in the words in which they were declared;
        less what the server adds by itself, which ``additions.py`` lists.
        """
        return {name: live.get(name) for name in fields}

    def told(self, live: Props) -> Props:
        """The outputs, as far as this answer tells them."""
        return {}

    def equal(self, name: str, old: Any, new: Any) -> bool:
        """Whether two values of a field mean the same."""
        return same(old, new)

    def is_ours(self, live: Props, fields: Props) -> bool:
        """Whether it bears the mark of this very resource: an `up` was killed that made it."""
        return False

    def alive(self, id_: str, fields: Props) -> Props:
        """The live object, for a change that has to send what it does not change."""
        live = self.find(id_, fields)
        if live is None:
            raise PrefectError(
                f'The {self.kind} "{self.key(fields)}" is gone; run `{way_out.recover()}`.'
            )
        return live

    def whole(self, id_: str, news: Props, changed: Props) -> Props:
        """The body of a PUT, which resets what it leaves out: what is not ours goes as it is."""
        live = self.alive(id_, news)
        return {name: live[name] for name in self.names() if name in live} | changed

    def key(self, fields: Props) -> str:
        """The natural key, as people write it."""
        return "/".join(str(fields[name]) for name in self.identity)

    def id_of(self, live: Props) -> str:
        """What Pulumi keeps as the id."""
        return str(live["id"])

    # -- Pulumi's hooks -------------------------------------------------------------------------

    def configure(self, req: ConfigureRequest) -> None:
        sys.tracebacklimit = 0  # see _plainly
        self.connection = resolve(req.config)

    @_plainly
    def check(self, _olds: Props, news: Props) -> CheckResult:
        failures = []
        if news != _olds:  # what is in the state has been through this, and costs time otherwise
            told = self._decode(news)
            known = {k: v for k, v in told.items() if not isinstance(v, pulumi.output.Unknown)}
            failures = [
                CheckFailure(name, reason)
                for name, value in known.items()
                for reason in unsendable(value, name)
            ] or [CheckFailure(name, reason) for name, reason in self.problems(known)]
        if self.only_cloud and not self.api.is_cloud:
            where = (
                f"only Prefect Cloud has a {self.kind}, and {self.api.url} is no workspace of it"
            )
            failures.append(CheckFailure(self.names()[0], where))
        return CheckResult(news, failures)

    @_plainly
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        olds, news = self._decode(_olds), self._decode(_news)
        changed = [
            name
            for name in self.names()
            if (name in olds) != (name in news)
            or (name in news and not self.equal(name, olds[name], news[name]))
        ]
        replaces = [name for name in changed if name in self.identity]
        # Two of one natural key cannot be. Else the new one comes first: what refers to it has
        # moved there before the old one goes, and should it fail, the old one is still there.
        in_the_way = bool(replaces) and self.key(olds) == self.key(news)
        return DiffResult(bool(changed), replaces, delete_before_replace=in_the_way)

    @_plainly
    def create(self, props: Props) -> CreateResult:
        told = self._decode(props)
        existing = self.taken(told)
        live = existing or self.make(told)
        if existing is None:
            id_ = self.id_of(live)
            self.api.made.add((self.kind, id_))
        else:
            id_ = self._adopt(existing, told, adopt=bool(props.get(_ADOPT)))
            self.api.adopted.add((self.kind, id_))
        return CreateResult(id_, props | self.told(live))

    @_plainly
    def read(self, id_: str, props: Props) -> ReadResult:
        told = self._decode(props)
        live = self.find(id_, told)
        if live is None:
            return ReadResult("", {})
        managed = without(told, self.identity)
        whose = {name: live.get(name, told[name]) for name in self.identity if name in told}
        seen = whose | self.seen(live, managed)
        inputs = encode(seen, self.structured())
        kept = {name: props[name] for name in self.outputs if name in props}
        return ReadResult(self.id_of(live), inputs | kept | self.told(live), inputs)

    @_plainly
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        olds, news = self._decode(_olds), self._decode(_news)
        changed = {
            name: value
            for name, value in news.items()
            if name not in olds or not self.equal(name, olds[name], value)
        }
        if changed:
            self.change(_id, olds, news, changed)
        kept = {name: _olds[name] for name in self.outputs if name in _olds}
        return UpdateResult(_news | kept)  # all of it: an empty result would empty the state

    @_plainly
    def delete(self, _id: str, _props: Props) -> None:
        # A resource that was renamed in the program: under its new name it has been adopted.
        if (self.kind, _id) not in self.api.adopted:
            self.remove(_id, self._decode(_props))

    # -------------------------------------------------------------------------------------------

    @classmethod
    def names(cls) -> list[str]:
        return [f.name for f in fields(cls.args)]

    @classmethod
    def structured(cls) -> frozenset[str]:
        """The fields that travel as JSON text."""
        return frozenset(f.name for f in fields(cls.args) if _JSON in get_args(f.type))

    def _decode(self, props: Props) -> Props:
        told = decode(props, self.structured())
        names = set(self.names())
        return {k: self.empty.get(k) if v is None else v for k, v in told.items() if k in names}

    def _adopt(self, live: Props, told: Props, *, adopt: bool) -> str:
        """The id of an object that exists already and becomes this stack's, changed if need be."""
        id_ = self.id_of(live)
        if (self.kind, id_) in self.api.made | self.api.adopted:
            raise PrefectError(
                f'The {self.kind} "{self.key(told)}" is declared twice in this program.'
            )
        managed = without(told, self.identity)
        seen = self.seen(live, managed)
        changed = {k: v for k, v in managed.items() if not self.equal(k, seen.get(k), v)}
        whose = {"name", *self.identity} & live.keys() & told.keys()
        another = [k for k in whose if live[k] != told[k]]
        adopt = adopt or way_out.takes_over(self.api.url, identical=not changed)
        if another or not (adopt or self.is_ours(live, told)):
            raise PrefectError(
                f'The {self.kind} "{self.key(told)}" exists already, and this stack has not made '
                "it. Give yours another name; or pass adopt=True to take it over; or, if an `up` "
                f"that made it was cut short, run `{way_out.recover()}`."
            )
        if changed:
            self.change(id_, seen, told, changed)
        return id_


class PrefectResource(Resource):
    """A Prefect object as a Pulumi resource; its inputs are the declared fields of its args.

    ``adopt`` takes over an object of the same natural key that this stack has not made, instead
    of refusing it. (Pulumi cannot ``import`` dynamic resources.)
    """

    provider: ClassVar[type[PrefectProvider]]

    def __init__(
        self,
        name: str,
        args: Any,
        opts: pulumi.ResourceOptions | None = None,
        *,
        adopt: bool = False,
    ) -> None:
        told = {f.name: getattr(args, f.name) for f in fields(args)}
        props = encode(told, self.provider.structured())
        if adopt:
            props[_ADOPT] = True
        props |= dict.fromkeys(self.provider.outputs)
        hasten()
        with declared_here():
            super().__init__(self.provider(), name, props, opts)


def without(fields: Mapping[str, Any], names: Sequence[str]) -> Props:
    """``fields`` less ``names``: most often the body of a request less the identity."""
    return {k: v for k, v in fields.items() if k not in names}


_apis: "dict[str, PrefectApi]" = {}
_apis_lock = threading.Lock()


def _api(connection: Connection) -> "PrefectApi":
    """One client for all kinds in this process, so that its connections and locks are shared."""
    # The command line that httpx imports where it can takes five times as long as the rest of it.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    from .api import PrefectApi  # not needed where nothing has changed

    with _apis_lock:
        if connection.api_url not in _apis:
            _apis[connection.api_url] = PrefectApi(connection)
        return _apis[connection.api_url]
