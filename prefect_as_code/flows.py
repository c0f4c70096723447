"""The flows of deployments: made with the first one, and gone with the last if nothing is left."""

import threading
from typing import TYPE_CHECKING, Final

from .declared import Json
from .errors import PrefectApiError
from .paths import at

if TYPE_CHECKING:
    from .api import PrefectApi

# The label that says who has made a flow; set at creation only. Prefect hands a flow's labels on to
# its deployments, so it is not the one that says whose those are.
_MADE_BY: Final = "pulumi-flow-of"


class Flows:
    """Of one API, as this process knows them; safe to use from several threads."""

    def __init__(self, api: "PrefectApi") -> None:
        self._api = api
        self._ids: dict[str, str] = {}
        self._before: dict[str, list[Json]] = {}
        self._new: set[str] = set()
        self._asked_for: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def id_of(self, name: str, owner: str) -> str:
        """The id of the flow of this name, which is made if need be, once a process."""
        with self._lock:
            if name not in self._ids:
                # This POST answers with the existing flow, unchanged, when there is one.
                body = {"name": name, "labels": {_MADE_BY: owner}}
                told, is_new = self._api.made_or_found(at("/flows/"), body)
                self._ids[name] = told["id"]
                if is_new:
                    self._new.add(name)
            return self._ids[name]

    def is_free(self, flow: str, name: str) -> bool:
        """Whether it is known, without a request, that there is no deployment of this name.

        So it is when this process has made the flow, and has not been asked about the name before.
        """
        with self._lock:
            is_first = (flow, name) not in self._asked_for
            self._asked_for.add((flow, name))
            return is_first and flow in self._new

    def deployments(self, name: str) -> list[Json]:
        """Those of a flow that was there before; asked once a process, so before it makes any."""
        with self._lock:
            if name not in self._before:
                wanted = {"flows": {"name": {"any_": [name]}}}
                found = self._api.pages(at("/deployments/filter"), wanted)
                self._before[name] = [] if name in self._new else [*found]
            return self._before[name]

    def end(self, id_: str, name: str) -> None:
        """Remove the flow of a deployment that has gone: one that was made for deployments such as
        that, of which no other and no run is left, and which this process makes none of.

        Prefect deletes a flow's deployments and runs with it, so they are looked for at the very
        last; a moment between that and the DELETE is left, as Prefect has no way to ask for both.
        """
        with self._lock:
            if name in self._ids or self._has(id_, "deployments"):
                return
            try:
                flow = self._api.call("GET", at("/flows/{}", id_)) or {}
                ours = _MADE_BY in (flow.get("labels") or {})
                if ours and not self._has(id_, "flow_runs") and not self._has(id_, "deployments"):
                    self._api.call("DELETE", at("/flows/{}", id_))
            except PrefectApiError:
                pass  # who may not remove flows may still remove deployments

    def _has(self, id_: str, what: str) -> bool:
        wanted = {"flows": {"id": {"any_": [id_]}}}
        return bool(self._api.call("POST", at("/{}/count", what), wanted))
