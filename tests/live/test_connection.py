"""Without its Prefect a stack loses nothing, and one sentence says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefect_as_code import Variable, VariableArgs
from tests.live.server import free_port
from tests.live.stack import FailedError, Stack

pytestmark = pytest.mark.live


def program() -> None:
    Variable("kept", VariableArgs(name="connection", value=1))


@pytest.fixture
def kept(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    """A stack of one variable, on a machine whose user has no Prefect profile."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "nobody"))
    there = stack.api_url
    stack.up(program)
    yield stack
    stack.api_url = there
    assert stack.refresh(program) == {}
    assert stack.up(program) == {}
    assert stack.destroy() == {"delete": 2}


def test_without_a_url_everything_is_refused_in_one_sentence(kept: Stack, prefect) -> None:
    kept.api_url = ""
    for command in (kept.preview, kept.up, kept.refresh, kept.destroy):
        with pytest.raises(FailedError) as refused:
            command(program)
        assert "No Prefect API URL: set prefect.api_url in the stack's config" in str(refused.value)
        assert "Traceback" not in "".join(kept.said) + str(refused.value)
    assert prefect.get("/variables/name/connection").json()["value"] == 1


def test_where_there_is_no_prefect_it_is_not_taken_for_an_empty_one(kept: Stack, prefect) -> None:
    """A refresh that believed it would drop everything from the state."""
    there = kept.api_url
    for url, said in (
        (f"http://127.0.0.1:{free_port()}/api", "is down: "),
        (there.removesuffix("/api"), "There is no Prefect API at"),
        (f"{there}/nowhere", "There is no Prefect API at"),
    ):
        kept.api_url = url
        with pytest.raises(FailedError, match=said) as refused:
            kept.refresh(program)
        assert "Traceback" not in "".join(kept.said) + str(refused.value)
    assert prefect.get("/variables/name/connection").json()["value"] == 1
