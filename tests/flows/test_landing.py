"""The landing: whole files or none, the same in a folder and in a bucket."""

import os
from pathlib import Path

import pytest

from flows.ingest import sample
from flows.landing import Damaged, Landing


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


NAMES = [
    "[raw]",
    "raw [1]",
    "raw data",
    "raw#1",
    "raw?1",
    "raw*1",
    "raw%251",
    "rå::w",
    "~",
    "rawx1",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_sign_of_a_folder_stands_for_itself(name: str, tmp_path: Path) -> None:
    for number, sibling in enumerate(NAMES):
        there = tmp_path / sibling / "flights"
        there.mkdir(parents=True)
        (there / f"2013-{number + 1:02}.parquet").write_bytes(sibling.encode())
    key = f"2013-{NAMES.index(name) + 1:02}"
    spelled = {(tmp_path / name).as_uri(), f"file://{tmp_path}/{name.replace('%', '%25')}"}
    for url in spelled:
        landing = Landing(url)
        assert landing.keys("flights") == [key]
        assert landing.top() == {"flights": True}
        assert landing.read("flights", key) == name.encode()
        landing.write("flights", key, name.encode())
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", ["[raw]", "raw#1", "raw?1", "raw*1", "raw%201", "raw 1", "rå"])
def test_every_sign_of_a_bucket_s_folder_stands_for_itself(name: str, s3: Landing) -> None:
    for each in (name, "raw", "raw1", "rawx1"):
        Landing(f"s3://landing/signs/{each}", s3.options).write("flights", each, each.encode())
    landing = Landing(f"s3://landing/signs/{name}", s3.options)
    assert landing.keys("flights") == [name]
    assert landing.read("flights", name) == name.encode()


def test_what_differs_from_its_store_s_checksum_is_refused(s3: Landing) -> None:
    from moto.s3.models import s3_backends

    landing = Landing("s3://landing/damaged", s3.options)
    landing.write("flights", "2013-01", b"as it was sent")
    [backend] = s3_backends["123456789012"].values()
    kept = backend.buckets["landing"].keys["damaged/flights/2013-01.parquet"]
    kept.value = b"as it was kepd"
    with pytest.raises(Damaged, match="it arrived damaged: Expected checksum"):
        landing.read("flights", "2013-01")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({}, ""),
        ({"md5Hash": "XrY7u+Ae7tCTyyK7j1rNww==", "crc32c": "wrong"}, ""),
        ({"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="}, "its MD5 is not AAAAAAAAAAAAAAAAAAAAAA=="),
        ({"crc32c": "yZRlqg=="}, ""),  # alone where an object was composed of others
        ({"crc32c": "AAAAAA=="}, "its CRC32C is not AAAAAA=="),
        ({"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==", "contentEncoding": "gzip"}, ""),
    ],
)
def test_the_checksums_of_cloud_storage_are_compared(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], problem: str
) -> None:
    landing.write("flights", "2013-01", b"hello world")
    monkeypatch.setattr(landing._store, "info", lambda _: told)
    if problem:
        with pytest.raises(Damaged, match=problem):
            landing.read("flights", "2013-01")
    else:
        assert landing.read("flights", "2013-01") == b"hello world"


def test_a_landing_does_not_show_its_keys() -> None:
    assert "hush" not in repr(Landing("s3://landing", {"secret": "hush"}))
