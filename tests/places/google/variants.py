"""The stacks of the repository and what they could be in other values, each built once."""

import functools
from typing import Any

from tests.places.google.graph import Resource, built

# By name: a stack of the repository, and which of its values are others.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dev": ("dev", {}),
    "prod": ("prod", {}),
    "dev as prod": (
        "dev",
        {
            "agent": {"availability": "group", "egress": "nat"},
            "images": {"scanning": True},
            "storage": {"landing_days": None, "on_destroy": "refuse"},
        },
    ),
    "everything": (
        "dev",
        {
            "agent": {"availability": "group", "egress": "nat"},
            "runner": {
                "egress": "all-traffic",
                "env": {"SHOP": "https://shop.example"},
                "env_from_secrets": {
                    "SHOP_TOKEN": {"secret": "shop-token", "version": 3},
                    "OLD_TOKEN": {"secret": "old-token", "version": "latest"},
                },
            },
            "secrets": {"names": ["shop-token"]},
            "prefect": {"queues": ["urgent", "backfill"], "headers": {"X-Team": 'a "b" 50%'}},
            "images": {"base_image": "mirror.example/python:3.11"},
            "storage": {"location": "EU"},
        },
    ),
    "single on a NAT": ("prod", {"agent": {"availability": "single"}}),
    "group with an address": ("prod", {"agent": {"egress": "external-ip"}}),
}


@functools.cache
def graph(variant: str) -> list[Resource]:
    stack, changes = VARIANTS[variant]
    return built(stack, **changes)
