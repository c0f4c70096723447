"""The stack's file is changed where promotions stand, and nowhere else."""

import itertools
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.errors import RefusedError
from promotion.settings import KEPT, History, Settings, one_line, read
from stacks.config.images import Promotion
from tests.places.google.stacks import PROMOTED

HEAD = "# Of prod.\nencryptionsalt: v1:abc=\nconfig:\n  dataflows:google: {project: acme} # short\n"
IMAGES = "  dataflows:images:\n    source: promote # of dev\n    repository: dataflows-prod\n"
FILES = {
    "in the middle": f"{HEAD}{IMAGES}\n  # The agent.\n  dataflows:agent:\n    egress: nat\n",
    "at the end": f"{HEAD}{IMAGES}",
    "with a comment after it": f"{HEAD}{IMAGES}# The end.\n",
    "before one that is further in": f"{HEAD}{IMAGES}  dataflows:secret:\n      secure: v1:a\n",
    "with wide indents": "config:\n    dataflows:images:\n        source: promote\n"
    "        repository: r\n    dataflows:x:\n        - 1\n",
}


def settings(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "Pulumi.prod.yaml").write_text(text)
    return read("prod", tmp_path)


def promotion(number: int) -> Promotion:
    told = PROMOTED | {"agent": f"sha256:{number:064x}", "git_revision": "1" * 40}
    if number % 2:
        told |= {
            "reason": 'it: "has" to #go',
            "unproved": ("hello/hello-dev: Failed", "- report/report-dev"),
        }
    return Promotion(**told)


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_a_promotion_is_added_to_its_section_and_every_other_line_stays(
    tmp_path: Path, text: str
) -> None:
    file = settings(tmp_path, text)
    after = file.with_history(file.history.after(promotion(1)))
    added = iter(after.splitlines())
    assert all(line in added for line in text.splitlines()), "a line is gone, or out of its order"
    assert settings(tmp_path, after).history == History(now=promotion(1))


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_what_is_rolled_back_is_the_file_from_before_byte_for_byte(
    tmp_path: Path, text: str
) -> None:
    texts = [text]
    for number in range(4):
        file = settings(tmp_path, texts[-1])
        texts.append(file.with_history(file.history.after(promotion(number))))
    for before, after in itertools.pairwise(texts[1:]):
        file = settings(tmp_path, after)
        assert file.with_history(file.history.back()) == before


def test_promotions_stay_where_somebody_has_put_them(tmp_path: Path) -> None:
    file = settings(tmp_path, FILES["in the middle"])
    text = file.with_history(History(now=promotion(1)))
    last = "    scanning: true # and it goes on\n"
    text = text.replace("\n  # The agent.", f"{last}\n  # The agent.")
    file = settings(tmp_path, text)
    after = file.with_history(file.history.after(promotion(2)))
    assert after.index("    before:\n") < after.index(last)
    file = settings(tmp_path, after)
    assert file.with_history(file.history.back()) == text


def test_the_history_has_an_end(tmp_path: Path) -> None:
    history = History()
    for number in range(KEPT + 5):
        history = history.after(promotion(number))
    file = settings(tmp_path, FILES["in the middle"])
    found = settings(tmp_path, file.with_history(history)).history
    assert len(found.before) == KEPT
    assert found.before[0] == promotion(KEPT + 3)


@hypothesis.settings(deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_a_person_writes_as_a_reason_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    told = promotion(1).model_copy(update={"reason": one_line(text) or "none"})
    folder = tmp_path_factory.mktemp("settings")
    file = settings(folder, FILES["in the middle"])
    written = file.with_history(History(now=told))
    assert settings(folder, written).history.now == told


def test_a_history_that_was_written_by_hand_and_is_wrong_is_named(tmp_path: Path) -> None:
    file = settings(tmp_path, f"{HEAD}{IMAGES}    now:\n      agent: latest\n")
    with pytest.raises(RefusedError) as caught:
        _ = file.history
    said = str(caught.value)
    assert "Pulumi.prod.yaml: dataflows:images.now.agent: 'latest' is not of the form" in said
    assert "dataflows:images.now.runner is missing" in said


def test_a_section_that_is_no_block_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text = "config:\n  dataflows:images: {source: promote, repository: r}\n"
    file = settings(tmp_path, text)
    with pytest.raises(RefusedError, match="is not written as a block"):
        file.with_history(History(now=promotion(1)))
    assert file.file.read_text() == text
