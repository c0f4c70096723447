"""How large a run is, from Cloud Run's words, which declarations use, into Docker's."""

from typing import Any

from ...config.cloud_run import bytes_of


def size(cpu: str | None, memory: str | None) -> dict[str, Any]:
    """The job variables of a container with so many CPUs and so much memory, swap included.

    What is None stays as it is: the stack's own.
    """
    found: dict[str, Any] = {}
    if cpu is not None:
        thousandths = float(cpu.removesuffix("m")) * (1 if cpu.endswith("m") else 1000)
        found["nano_cpus"] = round(thousandths * 10**6)
    if memory is not None:
        limit = str(bytes_of(memory))
        found |= {"mem_limit": limit, "memswap_limit": limit}
    return found
