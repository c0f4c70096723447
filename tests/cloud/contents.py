"""What is on the Prefect server, by kind and name."""

from collections import Counter

import httpx

_KINDS = {
    "work pools": ("/work_pools/filter", "name"),
    "deployments": ("/deployments/filter", "entrypoint"),
    "variables": ("/variables/filter", "name"),
    "blocks": ("/block_documents/filter", "name"),
    "limits": ("/v2/concurrency_limits/filter", "name"),
}


def on_server(prefect: httpx.Client) -> Counter[tuple[str, str]]:
    """Everything but flows and block types, which may be others' too; each as often as it is."""
    found: Counter[tuple[str, str]] = Counter()
    for kind, (path, key) in _KINDS.items():
        told = prefect.post(path, json={"limit": 200}).raise_for_status().json()
        found.update((kind, str(each[key])) for each in told)
    return found
