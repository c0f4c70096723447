"""Whatever is wrong in flows/deployments.py is said in whole sentences, before any resource."""

import re
from pathlib import Path

import pytest

from stacks.config import StackConfig
from stacks.declared import DeclarationError, read
from stacks.deployments import deployment_args

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("bad_declarations.txt")
FLOWS = """
from datetime import date
from prefect import flow

@flow
def orders(day: date | None = None, limit: int = 100, names: list[str] | None = None):
    pass

@flow
def of_day(day: date):
    pass
"""
HEAD = """from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, rrule

from flows.declarations import FlowDeployment, Schedule

Colour = Enum("Colour", {"RED": 1})
LOOP = {}
LOOP["limit"] = [LOOP]

"""
ORDERS = 'entrypoint="flows/orders.py:orders"'
AROUND = {
    "[in FlowDeployment()]": f"DEPLOYMENTS = (FlowDeployment({ORDERS}, ...),)",
    "[in Schedule()]": f"DEPLOYMENTS = (FlowDeployment({ORDERS}, schedules=(Schedule(...),)),)",
    "[in the file]": "...",
}
CONFIG = StackConfig.model_validate(
    {
        "prefect": {"work_pool": "pool", "queues": ["urgent"]},
        "runner": {"kind": "process"},
        "data": {"landing": "file:///l", "warehouse": "duckdb:///w"},
    }
)


def table():
    """What stands in the file, and all that is said of it."""
    around = ""
    for block in TABLE.read_text().strip().split("\n\n")[1:]:
        if block in AROUND:
            around = AROUND[block]
            continue
        lines = block.splitlines()
        source = "\n".join(line for line in lines if not line.startswith("! "))
        said = [line.removeprefix("! ") for line in lines if line.startswith("! ")]
        yield pytest.param(around.replace("...", source), said, id=re.sub(r"\s+", " ", source))


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    (folder / "flows").mkdir()
    (folder / "flows/orders.py").write_text(FLOWS)
    return folder


@pytest.mark.parametrize(("source", "said"), list(table()))
def test_a_bad_declaration_is_refused_with_all_that_is_wrong(repository, monkeypatch, source, said):
    monkeypatch.chdir(repository)
    Path("flows/deployments.py").write_text(f"{HEAD}{source}\n")
    with pytest.raises(DeclarationError) as caught:
        deployment_args(read(), CONFIG, stack="test", directory="/code", work_pool_name="pool")
    places = {
        r"^@": "flows/deployments.py:15, flows/orders.py:orders",
        "<here>": str(repository),
        "<repository>": str(ROOT),
    }
    for sign, place in places.items():
        said = [re.sub(sign, place, line) for line in said]
    assert str(caught.value).splitlines() == said


def test_the_file_itself_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeclarationError, match=r"flows/deployments.py: there is no such file"):
        read()
