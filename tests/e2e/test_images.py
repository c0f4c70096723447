"""What the two images are, and what is not in them."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from stacks.images import ASIDE, labels
from tests.e2e.containers import ROOT, SOURCE
from tests.e2e.layers import layers

pytestmark = pytest.mark.e2e

TOOLS = {"cc", "gcc", "g++", "ld", "make", "strip", "git", "curl", "wget", "pip", "pip3", "uv"}
LINKED = """
import json, pathlib, site, subprocess
broken = {}
for path in pathlib.Path(site.getsitepackages()[0]).rglob("*.so*"):
    said = subprocess.run(["ldd", path], capture_output=True, text=True)
    if said.returncode or "not found" in said.stdout:
        broken[str(path)] = said.stdout + said.stderr
print(json.dumps(broken))
"""
MODULES = """
import importlib, pathlib
for path in sorted(pathlib.Path("flows").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts))
    print(path)
"""


@pytest.fixture(scope="module", params=["agent", "runner"])
def image(request, tmp_path_factory):
    built = request.getfixturevalue(request.param)
    found = [*layers(built, tmp_path_factory.mktemp(request.param))]
    return SimpleNamespace(name=request.param, built=built, layers=found)


def files(image):
    return [path for layer in image.layers for path in layer.files]


def text(image, path):
    [found] = [each.small[path] for each in image.layers if path in each.small]
    return found


def test_it_runs_as_a_user_who_owns_nothing_but_where_volumes_are_mounted(image):
    assert image.built.config["User"] == "10001:10001"
    theirs = {p for each in image.layers for p, file in each.files.items() if file.uid or file.gid}
    volumes = {"data/landing", "data/warehouse"} if image.name == "runner" else set()
    assert {path.rstrip("/") for path in theirs} == volumes
    writable = [
        path
        for each in image.layers
        for path, file in each.files.items()
        if file.mode & 0o002 and not file.issym()
    ]
    assert not writable
    status, said = image.built.run("id", "-un") if image.name == "runner" else (0, "dataflows\n")
    assert (status, said) == (0, "dataflows\n")


def test_it_says_what_it_is_and_of_which_commit(image):
    told = image.built.config["Labels"]
    assert told == labels(image.name, SOURCE)
    prefix = "org.opencontainers.image."
    assert told[f"{prefix}title"] == f"dataflows {image.name}"
    assert told[f"{prefix}source"] == SOURCE
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", told[f"{prefix}revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-[0-9a-f]{7}(-dirty)?", told[f"{prefix}version"])


def test_no_layer_has_a_tool_that_builds_or_fetches(image):
    bins = re.compile(r"(?:opt/venv/|usr/|usr/local/)?s?bin/([^/]+)")
    programs = {found[1] for path in files(image) if (found := bins.fullmatch(path))}
    assert "prefect" in programs
    assert not programs & TOOLS
    assert not [path for path in files(image) if re.search(r"site-packages/(pip|uv)/", path)]


def test_no_layer_has_what_only_the_build_needed(image):
    left = re.compile(r"(root|tmp|build|made|var/cache|var/lib/apt)/.|.*/(\.cache|\.git|tests)/.")
    assert not [path for path in files(image) if left.match(path)]


def test_no_layer_has_a_secret_or_the_settings_of_a_stack(image):
    names = re.compile(r"(^|/)(Pulumi\.[\w.]*yaml|\.env|\.netrc|pip\.conf|.*\.key|id_[a-z0-9]+)$")
    assert not [path for path in files(image) if names.search(path)]
    secret = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----\s*$[^'\"]{200}|pnu_\w{8}", re.M)
    found = [p for each in image.layers for p, text in each.small.items() if secret.search(text)]
    assert not found
    told = json.dumps(image.built.inspect()) + image.built.docker.run(
        "history", "--no-trunc", image.built.name
    )
    assert not re.search(r"API_KEY|TOKEN|PASSWORD|INDEX_URL", told)


def test_it_sets_nothing_of_prefect_that_the_worker_would_hand_on_to_each_run(image):
    assert not [each for each in image.built.config["Env"] if each.startswith("PREFECT_")]


def test_all_code_is_compiled_and_is_not_looked_at_for_changes(image):
    everything = {path: file for each in image.layers for path, file in each.files.items()}
    # Less what is of the syntax of a newer Python, and imported from there on.
    of_ours = r"opt/(venv|dataflows)/.*(?<!_typing_312)\.py$"
    sources = [p for p in everything if re.match(of_ours, p)]
    assert len(sources) > 1000
    lacking = [
        path
        for path in sources
        if f"{Path(path).parent}/__pycache__/{Path(path).stem}.cpython-311.pyc" not in everything
        and "/bin/" not in path
    ]
    assert not lacking


def test_every_library_of_what_was_trimmed_is_still_whole(image):
    options = ("--rm", "--user=0", "--network=none", "--entrypoint=python3")
    told = image.built.docker.run("run", *options, image.built.name, "-c", LINKED)
    assert json.loads(told) == {}


def test_its_bill_of_materials_has_all_that_is_installed_and_nothing_of_the_build(image):
    bill = json.loads(text(image, "opt/sbom.cdx.json"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == f"dataflows {image.name}"
    purls = {each["purl"] for each in bill["components"]}
    assert len(purls) == len(bill["components"])
    installed = {
        found[1].lower().replace("_", "-").replace(".", "-") + "@" + found[2]
        for path in files(image)
        if (found := re.search(r"site-packages/([\w.]+)-([^-/]+)\.dist-info/METADATA$", path))
    }
    python = {purl.removeprefix("pkg:pypi/") for purl in purls if purl.startswith("pkg:pypi/")}
    assert python == installed
    locked = (ROOT / f"images/{image.name}/requirements.txt").read_text()
    assert {p.replace("@", "==") for p in python} <= set(re.findall(r"^\S+==[^ ;]+", locked, re.M))
    debian = {purl.split("@")[0] for purl in purls if purl.startswith("pkg:deb/")}
    assert "pkg:deb/debian/libc6" in debian
    assert "pkg:deb/debian/binutils" not in debian


def flows() -> list[str]:
    """The modules that a run may need: not those that declare deployments."""
    aside = {ROOT / each for each in ASIDE}
    found = [p for p in (ROOT / "flows").rglob("*.py") if not aside & {p, *p.parents}]
    return [str(path.relative_to(ROOT)) for path in found]


def test_nothing_of_the_repository_is_in_the_runner_but_the_flows_and_the_start(runner):
    listed = runner.run("find", "/opt/dataflows", "/opt/runner", "-name", "*.py")[1].split()
    here = [f"/opt/dataflows/{path}" for path in flows()]
    start = [f"/opt/runner/{p.name}" for p in (ROOT / "images/runner").glob("*.py")]
    assert sorted(listed) == sorted(here + start)


def test_every_module_of_the_flows_can_be_imported_in_the_runner(runner):
    status, said = runner.run("python3", "-c", MODULES)
    assert status == 0, said
    assert sorted(said.split()) == sorted(flows())
