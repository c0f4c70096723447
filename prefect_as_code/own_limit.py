"""The limit that a deployment counts its runs against: one of its own, or one that is shared."""

from typing import TYPE_CHECKING

from .declared import Props
from .paths import at

if TYPE_CHECKING:
    from .api import PrefectApi


def shares_a_limit(live: Props) -> bool:
    """Whether the live deployment counts against a limit that is not its own."""
    limit = live.get("global_concurrency_limit")
    return bool(limit and limit["name"] != f"deployment:{live['id']}")


def own_limit(api: "PrefectApi", id_: str, limit: int | None) -> Props:
    """What to PATCH for a limit of its own, instead of the shared one that it has.

    Told just ``concurrency_limit``, Prefect would rewrite the shared limit, or delete it under
    the other deployments. One of its own from before may still be there, by its fixed name.
    """
    path = at("/v2/concurrency_limits/deployment:{}", id_)
    own = api.call("GET", path)
    if own is not None and limit is not None:
        api.call("PATCH", path, {"limit": limit})
        return {"global_concurrency_limit_id": own["id"]}
    if own is not None:
        api.call("DELETE", path)
    let_go = {"global_concurrency_limit_id": None}
    if limit is None:
        return let_go
    api.call("PATCH", at("/deployments/{}", id_), let_go)
    return {"concurrency_limit": limit}
