"""The landing: whole files or none, the same in a folder and in a bucket."""

import os
from pathlib import Path

import pytest

from flows.ingest import sample
from flows.landing import Landing


def files(landing: Landing) -> dict[Path, tuple[int, bytes]]:
    folder = Path(landing.url.removeprefix("file://"))
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_sample_lands_the_months_asked_for_and_the_snapshots(landing: Landing) -> None:
    sample.land(landing, ["2013-02", "2013-11"])
    assert landing.keys("flights") == landing.keys("weather") == ["2013-02", "2013-11"]
    assert landing.keys("airlines") == landing.keys("airports") == landing.keys("planes") == ["all"]


def test_landing_what_has_landed_changes_nothing(landing: Landing) -> None:
    sample.land(landing, ["2013-02"])
    before = files(landing)
    assert sample.land(landing, ["2013-02"]) == []
    assert files(landing) == before


def test_the_sample_says_which_months_it_does_not_have(landing: Landing) -> None:
    with pytest.raises(ValueError, match="2013-01 to 2013-12, not 2014-01"):
        sample.land(landing, ["2013-01", "2014-01"])


def test_a_file_that_could_not_be_finished_is_not_seen(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        landing.write("flights", "2013-01", b"half of it")
    assert landing.keys("flights") == []
    assert files(landing) == {}


def test_a_bucket_is_a_landing_like_a_folder(s3: Landing, landing: Landing) -> None:
    for place in (s3, landing):
        sample.land(place, ["2013-02"])
        assert sample.land(place, ["2013-02"]) == []
        assert place.keys("flights") == ["2013-02"]
    assert s3.read("flights", "2013-02") == landing.read("flights", "2013-02")


def test_a_landing_does_not_show_its_keys() -> None:
    assert "hush" not in repr(Landing("s3://landing", {"secret": "hush"}))
