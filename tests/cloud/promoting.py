"""From `dev` to `prod` in one repository, as a person does it: runs, commits, the command."""

import json
import re
import sys

import httpx

from tests.cloud.checkout import Checkout
from tests.places.google.stacks import ROOT, filled
from tests.registry import RealRegistry

TEMPLATE = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
HOST = "europe-west1-docker.pkg.dev"
FROM, TO = "acme-data/dataflows-dev", "acme-data/dataflows-prod"


def as_written(stack: Checkout) -> None:
    """The stack's settings as the repository has them, comments too, filled in by hand."""
    text = (ROOT / f"Pulumi.{stack.stack}.yaml").read_text()
    written = filled(stack.stack)
    for name, value in {
        "your-project-id": written["google"]["project"],
        "your-organisation/your-repository": written["github"]["repository"],
        "your-repository-id": str(written["github"]["repository_id"]),
        "your-organisation-id": str(written["github"]["owner_id"]),
    }.items():
        text = text.replace(name, value)
    text = re.sub("api_url: .*", f"api_url: {stack.api_url}", text)
    salt = re.search("^encryptionsalt: .*\n", stack.settings.read_text(), re.MULTILINE)
    assert salt
    stack.settings.write_text(f"{salt[0]}{text}")
    stack.give_key(stack.key)


def commit(stack: Checkout) -> None:
    if not (stack.repository / ".git").exists():
        stack.call("git", "init", "--quiet")
        (stack.repository / ".git/info/exclude").write_text(".venv\n")
    stack.call("git", "add", "--all")
    who = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com")
    stack.call("git", *who, "commit", "--quiet", "--message", "a commit")


def status(stack: Checkout) -> str:
    return stack.call("git", "status", "--porcelain").rstrip()


def outputs(stack: Checkout) -> dict:
    told: dict = json.loads(stack.run("stack", "output", "--json"))
    return told


def call(stack: Checkout, *words: str, succeeds: bool = True) -> str:
    return stack.call(sys.executable, "-m", "promotion", *words, succeeds=succeeds)


def promote(stack: Checkout, *options: str, succeeds: bool = True) -> str:
    return call(stack, "promote", "--from", "dev", "--to", "prod", *options, succeeds=succeeds)


def prove(stack: Checkout, prefect: httpx.Client) -> None:
    """Each deployment runs, and its run is completed."""
    for id_ in outputs(stack)["deployments"].values():
        run = prefect.post(f"/deployments/{id_}/create_flow_run", json={}).raise_for_status()
        for state in ("PENDING", "RUNNING", "COMPLETED"):
            told = {"state": {"type": state}, "force": True}
            prefect.post(f"/flow_runs/{run.json()['id']}/set_state", json=told).raise_for_status()


def assert_runs(prod: Checkout, origin: dict, registry: RealRegistry) -> None:
    """What the other stack ran is what this one says it runs, and what it runs."""
    told = outputs(prod)
    assert told["images"] == origin["images"]
    assert told["images_revision"] == origin["images_revision"] == origin["git_revision"]
    assert re.fullmatch("[0-9a-f]{40}", told["images_revision"])
    for name, digest in origin["images"].items():
        assert registry.has(f"{TO}/{name}", digest)
    [template] = prod.world().of(TEMPLATE)
    unit = template["inputs"]["metadata"]["user-data"]
    assert f"{HOST}/{TO}/agent@{origin['images']['agent']}" in unit
    [pool] = [
        r
        for r in json.loads(prod.state)["checkpoint"]["latest"]["resources"]
        if r["urn"].endswith("::pool")
    ]
    assert f"{TO}/runner@{origin['images']['runner']}" in json.dumps(pool["outputs"])
