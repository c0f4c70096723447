"""What Cloud Run gives to a job of one container: CPUs, and the memory that goes with them.

From Google's pages "Configure CPU limits for jobs" and "Configure memory limits for jobs", as of
2026: https://cloud.google.com/run/docs/configuring/jobs/cpu. Less than one CPU takes sidecars,
which a run does not have.
"""

import re

CPU = r"^[12468](000m)?$"
MEMORY = r"^\d+(G|Gi|M|Mi)$"  # the worker's own pattern

_MI, _GI = 2**20, 2**30
_UNITS = {"M": 10**6, "Mi": _MI, "G": 10**9, "Gi": _GI}
# By the number of CPUs, the bytes of memory, from and to.
_RANGES = {
    1: (512 * _MI, 4 * _GI),
    2: (512 * _MI, 8 * _GI),
    4: (2 * _GI, 16 * _GI),
    6: (4 * _GI, 24 * _GI),
    8: (4 * _GI, 32 * _GI),
}


def cpu_problem(cpu: str) -> str | None:
    """What is wrong with a number of CPUs, as in ``"2000m"`` or ``"2"``, if anything."""
    if re.fullmatch(CPU, cpu):
        return None
    return f"Cloud Run gives a job 1, 2, 4, 6 or 8 CPUs, not {cpu!r}; write one such as 2000m"


def memory_problem(memory: str) -> str | None:
    """What is wrong with a size of memory by itself, if anything."""
    if not re.fullmatch(MEMORY, memory, re.ASCII):
        return f"{memory!r} is no size; write one such as 512Mi or 2Gi"
    if not 512 * _MI <= bytes_of(memory) <= 32 * _GI:
        return f"Cloud Run gives a job 512Mi to 32Gi, not {memory!r}; write a size between them"
    return None


def pair_problem(cpu: str, memory: str) -> str | None:
    """What is wrong with a size of memory for these CPUs, where each is right by itself."""
    least, most = _RANGES[int(cpu[0])]
    if least <= (size := bytes_of(memory)) <= most:
        return None
    fitting = [f"{cpus}000m" for cpus, (low, high) in _RANGES.items() if low <= size <= high]
    from_ = f"{least // _GI}Gi" if least >= _GI else f"{least // _MI}Mi"
    return (
        f"Cloud Run gives a job {from_} to {most // _GI}Gi with cpu {cpu}, not {memory}; write "
        f"such a size, or cpu {' or '.join(fitting)}"
    )


def bytes_of(memory: str) -> int:
    """How much a size such as ``512Mi`` is."""
    unit = memory.lstrip("0123456789")
    return int(memory.removesuffix(unit)) * _UNITS[unit]
