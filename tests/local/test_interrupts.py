"""A dozen interrupts of `make up` and `make destroy`; `make interrupts` does many."""

from collections.abc import Iterator

import pytest

from bench.interrupts.kinds import KINDS
from bench.interrupts.storm import Storm

pytestmark = [pytest.mark.live, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    storm = Storm(tmp_path_factory.mktemp("storm") / "checkout", print)
    yield storm
    storm.close()


@pytest.mark.parametrize(
    ("command", "kind"), [*(("up", kind) for kind in KINDS), ("destroy", "kill-group")]
)
def test_what_was_interrupted_leaves_nothing_running_and_goes_on(
    storm: Storm, command: str, kind: str
):
    for done in storm.rounds(kind, command, 1, seed=1):
        assert done.well, done
