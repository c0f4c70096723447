"""What is taken out of the images' packages, and what ends the build."""

import importlib.util
import struct
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = "googleapiclient/discovery_cache/documents"


@pytest.fixture
def trim():
    spec = importlib.util.spec_from_file_location("trim", ROOT / "images" / "trim.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path):
    """An environment's packages, made of empty files, or of what they are told to hold."""

    def made(*paths, **contents):
        for path in paths:
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents.get(file.stem, b""))
        return tmp_path

    return made


def left(site):
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


def test_of_a_package_goes_what_no_rule_keeps(trim, site):
    names = ("run.v1.json", "run.v2.json", "compute.v1.json")
    home = site(*(f"{DOCUMENTS}/{name}" for name in names), "googleapiclient/discovery.py")
    trim.trim(home)
    assert left(home) == {
        f"{DOCUMENTS}/run.v1.json",
        f"{DOCUMENTS}/run.v2.json",
        "googleapiclient/discovery.py",
    }


def test_tests_and_what_only_a_compiler_reads_go_from_every_package(trim, site):
    home = site("a/tests/__init__.py", "a/b/tests/data.csv", "a/x.pyi", "a/x.h", "a/testing/y.py")
    trim.trim(home)
    assert left(home) == {"a/testing/y.py"}


def test_a_rule_that_finds_nothing_ends_the_build(trim, site):
    with pytest.raises(SystemExit, match=r"prefect/server/ui\* is not in the package any more"):
        trim.trim(site("prefect/server/api/server.py"))


def test_a_library_with_three_names_is_there_once(trim, site):
    names = ("p/lib.so", "p/lib.so.1", "p/lib.so.1.2", "q/lib.so")
    home = site(*names)
    trim._share([home / name for name in names])
    assert [name for name in names if (home / name).is_symlink()] == ["p/lib.so.1", "p/lib.so.1.2"]
    assert (home / "p/lib.so.1").resolve() == home / "p/lib.so"


def elf(offset, address):
    """The header of a library, and its one segment."""
    header = bytearray(64)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    return bytes(header) + struct.pack("<IIQQQQQQ", 1, 5, offset, address, address, 8, 8, 4096)


def test_a_library_that_could_not_be_loaded_is_told_from_one_that_can(trim):
    assert trim._is_aligned(elf(0x1000, 0x5000))
    assert trim._is_aligned(elf(0x1010, 0x5010))
    assert not trim._is_aligned(elf(0x1010, 0x5000))
