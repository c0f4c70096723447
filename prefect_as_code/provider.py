"""What every kind of Prefect object shares on its way through Pulumi's dynamic provider.

A subclass says how one kind is found, made, changed, removed and seen; this class turns that into
the hooks that Pulumi calls. Pulumi's state names the subclasses by module path, so moving one
orphans what is deployed.
"""

import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cached_property
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
from .declared import Props, Undeclared, decode, encode, same, without
from .errors import PrefectError
from .process import api_of, plainly
from .program import program
from .pulumi_sdk import declared_here, hasten
from .shapes import misshapen
from .there import missing
from .whose import Run, anothers, nobodys, not_free, run_of, twice

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


class PrefectProvider(ResourceProvider):
    """The hooks of one kind of Prefect object.

    ``args`` is the dataclass whose fields are the inputs; ``identity`` names the fields that make
    it another object when they change, ``natural`` those that Prefect has once only, together;
    ``refers`` says by which fields, together, it names an object of another kind;
    ``empty`` says what clears a field that takes no null.
    """

    serialize_as_secret_always = False  # it is a module path: no code, no credential

    kind: ClassVar[str]
    args: ClassVar[type]
    identity: ClassVar[tuple[str, ...]]
    natural: ClassVar[tuple[str, ...]]
    refers: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    empty: ClassVar[Mapping[str, Any]] = {}
    outputs: ClassVar[tuple[str, ...]] = ()  # what Prefect adds and programs read
    only_cloud: ClassVar[bool] = False
    connection: Connection

    @cached_property
    def api(self) -> "PrefectApi":
        """Made at its first use: where nothing changed, no call is made."""
        return api_of(self.connection)

    @cached_property
    def run(self) -> Run:
        """What has been seen of the stack's resources; of a bare provider, of its own."""
        return Run()

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

    def found(self, live: Props, fields: Props) -> Props:
        """``seen`` of an object that is to be adopted, with what cannot stay beside ours."""
        return self.seen(live, fields)

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
        return "/".join(str(fields[name]) for name in self.natural)

    def id_of(self, live: Props) -> str:
        """What Pulumi keeps as the id."""
        return str(live["id"])

    # -- Pulumi's hooks -------------------------------------------------------------------------

    def configure(self, req: ConfigureRequest) -> None:
        sys.tracebacklimit = 0  # see plainly
        self.connection = resolve(req.config)
        self.run = run_of(self.connection.api_url)

    @plainly
    def check(self, _olds: Props, news: Props) -> CheckResult:
        failures = []
        if key := self._known_key(news):
            self.run.declares(self.kind, key)
        if news != _olds:  # what is in the state has been through this, and costs time otherwise
            told = self._decode(news)
            known = {k: v for k, v in told.items() if not isinstance(v, pulumi.output.Unknown)}
            wrong = [*misshapen(self.args, known)] or [*self.problems(known)]
            failures = [CheckFailure(*each) for each in wrong or missing(self, _olds, known)]
        if self.only_cloud and not self.api.is_cloud:
            where = (
                f"only Prefect Cloud has a {self.kind}, and {self.api.url} is no workspace of it"
            )
            failures.append(CheckFailure(self.names()[0], where))
        return CheckResult(news, failures)

    @plainly
    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        olds, news = self._decode(_olds), self._decode(_news)
        changed = [
            name
            for name in self.names()
            if (name in olds) != (name in news)
            or (name in news and not self.equal(name, olds[name], news[name]))
        ]
        replaces = [name for name in changed if name in self.identity]
        if not replaces and (key := self._known_key(news)):
            self.run.holds(self.kind, _id, key)
        # Two of one natural key cannot be. Else the new one comes first: what refers to it has
        # moved there before the old one goes, and should it fail, the old one is still there.
        in_the_way = bool(replaces) and self.key(olds) == self.key(news)
        return DiffResult(bool(changed), replaces, delete_before_replace=in_the_way)

    @plainly
    def create(self, props: Props) -> CreateResult:
        told = self._decode(props)
        with self.run.making(self.kind, self.key(told)) as first:
            if not first:
                raise PrefectError(twice(self.kind, self.key(told)))
            existing = self.taken(told)
            if existing is None:
                if self.run.holder(self.kind, self.key(told)):
                    raise PrefectError(anothers(self.kind, self.key(told)))
                live = self.make(told)
                id_ = self.id_of(live)
                self.run.made.add((self.kind, id_))
            else:
                live = existing
                id_ = self._adopt(existing, told, adopt=bool(props.get(_ADOPT)))
                self.run.adopted.add((self.kind, id_))
        return CreateResult(id_, props | self.told(live))

    @plainly
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

    @plainly
    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        olds, news = self._decode(_olds), self._decode(_news)
        changed = {
            name: value
            for name, value in news.items()
            if name not in olds or not self.equal(name, olds[name], value)
        }
        if self.key(olds) != self.key(news):
            self._refuse_taken(_id, news)
        if changed:
            self.change(_id, olds, news, changed)
        kept = {name: _olds[name] for name in self.outputs if name in _olds}
        return UpdateResult(_news | kept)  # all of it: an empty result would empty the state

    @plainly
    def delete(self, _id: str, _props: Props) -> None:
        # A resource that was renamed in the program: under its new name it has been adopted.
        if (self.kind, _id) not in self.run.adopted:
            self.remove(_id, self._decode(_props))
            self.run.lets_go(self.kind, _id)

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
        if (self.kind, id_) in self.run.made | self.run.adopted:
            raise PrefectError(twice(self.kind, self.key(told)))
        ours = self.is_ours(live, told)
        if self.run.has(self.kind, id_) and not ours:
            raise PrefectError(anothers(self.kind, self.key(told)))
        managed = without(told, self.identity)
        seen = (self.seen if ours else self.found)(live, managed)
        changed = {k: v for k, v in managed.items() if not self.equal(k, seen.get(k), v)}
        whose = {"name", *self.identity} & live.keys() & told.keys()
        another = [k for k in whose if live[k] != told[k]]
        adopt = adopt or way_out.takes_over(self.api.url, identical=not changed)
        if another or not (adopt or ours):
            raise PrefectError(nobodys(self.kind, self.key(told)))
        if changed:
            self.change(id_, seen, told, changed)
        return id_

    def _refuse_taken(self, id_: str, news: Props) -> None:
        """Unless the object may be called as ``news`` says; Prefect itself would let some."""
        key = self.key(news)
        live, holder = self.lookup(news), self.run.holder(self.kind, key)
        taken = self.id_of(live) if live else holder
        if taken is not None and taken != id_:
            known = taken == holder or self.run.has(self.kind, taken)
            raise PrefectError((anothers if known else not_free)(self.kind, key))

    def _known_key(self, fields: Props) -> str | None:
        told = [fields.get(name) for name in self.natural]
        return self.key(fields) if all(isinstance(each, str) for each in told) else None


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
        whose = f'The {self.provider.kind} of the resource "{name}": '
        props = encode(told, self.provider.structured(), whose)
        if adopt:
            props[_ADOPT] = True
        props |= dict.fromkeys(self.provider.outputs)
        this = program()
        what = this.admit(name, self.provider, told)
        needed = this.needs(name, self.provider, told)
        hasten()
        with declared_here():
            super().__init__(
                self.provider(), name, props, pulumi.ResourceOptions.merge(opts, needed)
            )
        this.has(what, self)
