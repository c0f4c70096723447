"""What the hooks share in Pulumi's provider process: one client, and errors in plain words."""

import sys
import threading
import traceback
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .connection import Connection
from .errors import PrefectError

if TYPE_CHECKING:
    from .api import PrefectApi

T = TypeVar("T")
P = ParamSpec("P")


def plainly(hook: Callable[P, T]) -> Callable[P, T]:
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


_apis: "dict[str, PrefectApi]" = {}
_apis_lock = threading.Lock()


def api_of(connection: Connection) -> "PrefectApi":
    """One client for all kinds in this process, so that its connections and locks are shared."""
    # The command line that httpx imports where it can takes five times as long as the rest of it.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    from .api import PrefectApi  # not needed where nothing has changed

    with _apis_lock:
        if connection.api_url not in _apis:
            _apis[connection.api_url] = PrefectApi(connection)
        return _apis[connection.api_url]
