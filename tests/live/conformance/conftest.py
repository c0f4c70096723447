"""What the cases refer to, made once."""

import httpx
import pytest

from tests.live.server import PatientClient


@pytest.fixture(scope="session")
def made(api_url: str) -> dict[str, str]:
    """The ids of what the cases refer to, and the checksums of two schemas of one block type, both
    with every field of the other.
    """
    with PatientClient(base_url=api_url, timeout=60) as client:
        return _schemas(client) | _deployments(client)


def _deployments(prefect: httpx.Client) -> dict[str, str]:
    flow = prefect.post("/flows/", json={"name": "conformance-agreed"}).json()["id"]
    found = {}
    for name in ("", "-renamed"):
        body = {"flow_id": flow, "name": f"agreed{name}"}
        told = prefect.post("/deployments/", json=body).raise_for_status().json()
        found[f"conformance-servicelevelagreements-agreements{name}"] = told["id"]
    return found


def _schemas(prefect: httpx.Client) -> dict[str, str]:
    type_ = prefect.post("/block_types/", json={"name": "Conformance", "slug": "conformance"})
    found = {}
    for which in ("first", "second"):
        properties = {name: {"title": name} for name in ("host", "port", "user", "key", "token")}
        told = {"properties": properties, "secret_fields": ["key", "token"], "title": which}
        body = {"fields": told, "block_type_id": type_.json()["id"], "capabilities": []}
        answer = prefect.post("/block_schemas/", json=body).raise_for_status()
        found[f"{{{which}}}"] = answer.json()["checksum"]
    for which in ("storage", "storage two"):
        body = {
            "name": which.replace(" ", "-"),
            "data": {},
            "block_schema_id": answer.json()["id"],
            "block_type_id": type_.json()["id"],
        }
        made = prefect.post("/block_documents/", json=body).raise_for_status()
        found[f"{{{which}}}"] = made.json()["id"]
    return found
