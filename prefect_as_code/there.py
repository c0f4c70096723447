"""Whether what a resource names is there: in Prefect, or in the program, where it will be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import PrefectApiError
from .paths import Path, at

if TYPE_CHECKING:
    from .provider import PrefectProvider

_DEFAULT = "default"  # the queue that comes with every pool


def missing(
    provider: "PrefectProvider", olds: Mapping[str, Any], news: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The first field that names what is neither there nor declared, and that in words.

    Prefect refuses a pool that is not there in the middle of an `up`, with a 404 or a 500, and
    makes a queue of any name. It is asked where such a field is new or changed, once for all the
    resources that name the same.
    """
    for kind, names in provider.refers.items():
        key = [name for field in names if isinstance(name := news.get(field), str)]
        changed = any(olds.get(field) != news.get(field) for field in names)
        if len(key) < len(names) or not changed or (kind == "work queue" and key[-1] == _DEFAULT):
            continue  # not declared, or not known yet, or known to be there
        called = "/".join(key)
        if not provider.run.is_declared(kind, called) and not _is_there(provider, kind, key):
            what = f'there is no {kind} "{called}" in Prefect'
            remedy = "none is declared before this resource: mend the name, or declare it"
            yield names[-1], f"{what}, and {remedy}"
            return


def _is_there(provider: "PrefectProvider", kind: str, key: Sequence[str]) -> bool:
    run, found = provider.run, (kind, *key)
    with run.asking:
        if found not in run.there:
            try:
                run.there[found] = provider.api.call("GET", _path(key)) is not None
            except PrefectApiError:  # who may not see it may still name it
                run.there[found] = True
        return run.there[found]


def _path(key: Sequence[str]) -> Path:
    return at("/work_pools/{}", *key) if len(key) == 1 else at("/work_pools/{}/queues/{}", *key)
