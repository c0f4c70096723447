"""Which object is which resource's, as far as one run of Pulumi's provider process has seen."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import way_out

Kind = str
Key = str  # a natural key, or an id


@dataclass
class Run:
    """Pulumi asks of every resource of the program, by its id, what has changed, and then has some
    made: by up to four threads at once, and without a word of which resource it is.
    """

    made: set[tuple[Kind, Key]] = field(default_factory=set)  # by id
    adopted: set[tuple[Kind, Key]] = field(default_factory=set)  # by id
    # By the key of an object that is to replace another, the other's id: Pulumi tells `diff` of
    # both, and then `create`, in the same process, of the new one only.
    replaced: dict[tuple[Kind, Key], Key] = field(default_factory=dict)
    # Whether what resources name is there, by kind and key; and the turn to ask that.
    there: dict[tuple[str, ...], bool] = field(default_factory=dict)
    asking: threading.Lock = field(default_factory=threading.Lock)
    _declared: set[tuple[Kind, Key]] = field(default_factory=set)  # by natural key
    _holders: dict[tuple[Kind, Key], Key] = field(default_factory=dict)  # key: the object's id
    _making: set[tuple[Kind, Key]] = field(default_factory=set)  # by natural key
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def declares(self, kind: Kind, key: Key) -> None:
        """A resource is to be the object ``key``, whether it is there yet or not."""
        with self._lock:
            self._declared.add((kind, key))

    def is_declared(self, kind: Kind, key: Key) -> bool:
        with self._lock:
            return (kind, key) in self._declared

    def holds(self, kind: Kind, id_: Key, key: Key) -> None:
        """A resource has the object ``id_``, which is called ``key`` or is to be."""
        with self._lock:
            self._holders[kind, key] = id_

    def lets_go(self, kind: Kind, id_: Key) -> None:
        """The object ``id_`` is no resource's any more."""
        with self._lock:
            for held in [k for k, who in self._holders.items() if k[0] == kind and who == id_]:
                del self._holders[held]
            self.made.discard((kind, id_))

    def holder(self, kind: Kind, key: Key) -> Key | None:
        """The id of the object that a resource calls ``key``, or is about to."""
        with self._lock:
            return self._holders.get((kind, key))

    def has(self, kind: Kind, id_: Key) -> bool:
        """Whether some resource of the program has the object ``id_`` from before this run."""
        with self._lock:
            return any(k[0] == kind and who == id_ for k, who in self._holders.items())

    @contextmanager
    def making(self, kind: Kind, key: Key) -> Iterator[bool]:
        """While an object is made, and from then on; false where another resource makes it.

        Else both would look, find nothing, and send: and Prefect takes a second POST of a
        deployment for a change of the first.
        """
        with self._lock:
            first = (kind, key) not in self._making
            self._making.add((kind, key))
        try:
            yield first
        except BaseException:
            if first:
                with self._lock:
                    self._making.discard((kind, key))
            raise


_runs: dict[str, Run] = {}
_lock = threading.Lock()


def run_of(api_url: str) -> Run:
    """One for all kinds of this process."""
    with _lock:
        return _runs.setdefault(api_url, Run())


def twice(kind: Kind, key: Key) -> str:
    return (
        f'The {kind} "{key}" is declared twice in this program. Take one of the two resources '
        "out, or give it another name."
    )


def anothers(kind: Kind, key: Key) -> str:
    return (
        f'The {kind} "{key}" is that of another resource of this program. Where names go from one '
        "resource to another, or are swapped, do it in two updates, the first with a name that is "
        "free; where two resources have one name, give one of them another."
    )


def not_free(kind: Kind, key: Key) -> str:
    return (
        f'The {kind} "{key}" exists already, so that none can be renamed to it; give yours another '
        "name."
    )


def nobodys(kind: Kind, key: Key) -> str:
    return (
        f'The {kind} "{key}" exists already, and this resource has not made it. Give yours another '
        "name; or pass adopt=True to take it over; or, if the resource was called otherwise in "
        "the program before, give it that name as an alias, "
        'opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="…")]); or, if an `up` that made '
        f"it was cut short, run `{way_out.recover()}`."
    )
