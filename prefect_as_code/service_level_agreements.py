"""The service-level agreements of one deployment, on Prefect Cloud."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from .declared import Props
from .errors import PrefectApiError
from .paths import at
from .provider import PrefectProvider, PrefectResource, Problem, Structured

_SEVERITIES = ("minor", "low", "moderate", "high", "critical")
_KINDS = {  # what a run must keep to: the fields that say so
    "time to completion": {"duration"},
    "frequency": {"stale_after"},
    "lateness": {"within"},
    "freshness": {"within", "expected_event", "resource_match"},
}
_COMMON = {"name", "severity", "enabled"}


class ServiceLevelAgreementsProvider(PrefectProvider):
    """Prefect takes the agreements of a deployment as one list, and tells nobody what they are: so
    they show no drift, and agreements that were made by hand end with the first `up`.
    """

    kind = "list of service-level agreements"
    identity = ("deployment_id",)
    natural = ("deployment_id",)
    only_cloud = True

    def id_of(self, live: Props) -> str:
        return str(live["id"])

    def problems(self, fields: Props) -> Iterator[Problem]:
        names = [a.get("name") for a in fields.get("agreements") or []]
        if doubled := sorted({str(n) for n in names if names.count(n) > 1}):
            yield "agreements", f"two have the name {doubled[0]!r}; a name is unique"
        for index, agreement in enumerate(fields.get("agreements") or []):
            for wrong in _wrong(agreement):
                yield "agreements", f"{agreement.get('name', index)!r}: {wrong}"

    def find(self, id_: str, fields: Props) -> Props | None:
        live: Props | None = self.api.call("GET", at("/deployments/{}", id_))
        return live

    def lookup(self, fields: Props) -> Props | None:
        return None

    def make(self, fields: Props) -> Props:
        self._apply(fields["deployment_id"], fields["agreements"])
        return {"id": fields["deployment_id"]}

    def change(self, id_: str, olds: Props, news: Props, changed: Props) -> None:
        self._apply(id_, news["agreements"])

    def remove(self, id_: str, fields: Props) -> None:
        try:
            self._apply(id_, [])
        except PrefectApiError as error:
            if error.status != 404:  # gone with its deployment
                raise

    def seen(self, live: Props, fields: Props) -> Props:
        return fields

    def _apply(self, deployment_id: str, agreements: list[Props] | None) -> None:
        path = at("/slas/apply-resource-slas/prefect.deployment.{}", deployment_id)
        owner = {"owner_resource": f"prefect.deployment.{deployment_id}"}
        self.api.call("POST", path, [owner | a for a in agreements or []])


def _wrong(agreement: Props) -> Iterator[str]:
    if not agreement.get("name"):
        yield "a name is needed"
    severity = agreement.get("severity", "high")
    if severity not in _SEVERITIES:
        yield f"severity {severity!r} is none of {', '.join(_SEVERITIES)}"
    told = set(agreement) - _COMMON
    if told not in _KINDS.values():
        kinds = "; ".join(f"{kind}: {' and '.join(sorted(f))}" for kind, f in _KINDS.items())
        yield f"the fields {sorted(told)} make no agreement; there are {kinds}"


@dataclass(frozen=True, kw_only=True)
class ServiceLevelAgreementsArgs:
    """``agreements``: mappings with a ``name``, of which each says one thing, in seconds:
    ``duration`` (a run takes no longer), ``stale_after`` (no longer between completions),
    ``within`` (it starts so soon after its time), or ``within`` with ``expected_event`` and
    ``resource_match``. ``severity``: minor, low, moderate, high, critical; ``enabled``.
    """

    deployment_id: pulumi.Input[str]
    agreements: Structured[Sequence[Mapping[str, Any]]]


ServiceLevelAgreementsProvider.args = ServiceLevelAgreementsArgs


class ServiceLevelAgreements(PrefectResource, module="prefect", name="ServiceLevelAgreements"):
    """All agreements of a deployment. Replaced when ``deployment_id`` changes."""

    provider = ServiceLevelAgreementsProvider
