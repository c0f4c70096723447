"""Where this stack's data is; and what a run says when nobody told it."""

from collections.abc import Callable
from typing import Any

import pytest
from prefect.blocks.system import Secret
from prefect.variables import Variable

from flows import settings
from flows.landing import Landing
from flows.warehouse import Warehouse
from tests.flows.conftest import Stack


def test_a_run_finds_what_the_platform_registered(
    register: Callable[[Landing, Warehouse], None],
) -> None:
    landing = Landing("s3://lake/raw", {"endpoint_url": "http://127.0.0.1:9000", "secret": "hush"})
    warehouse = Warehouse("bigquery://shop/aviation")
    register(landing, warehouse)
    assert settings.landing() == landing
    assert settings.warehouse() == warehouse


def test_options_may_be_registered_as_json_text(stack: Stack) -> None:
    Secret(value='{"key": "made-up"}').save("landing-options-test", overwrite=True)
    assert settings.landing().options == {"key": "made-up"}


def test_a_run_that_belongs_to_no_stack_says_so(
    prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATAFLOWS_STACK", raising=False)
    with pytest.raises(settings.SettingsError, match="DATAFLOWS_STACK"):
        settings.warehouse()


@pytest.mark.parametrize(
    ("lost", "ask"),
    [("warehouse-test", settings.warehouse), ("landing-test", settings.landing)],
)
def test_a_missing_variable_is_named_with_what_registers_it(
    lost: str, ask: Callable[[], Any], stack: Stack
) -> None:
    Variable.unset(lost)
    with pytest.raises(settings.SettingsError, match=rf"`{lost}`.*`pulumi up --stack test`"):
        ask()


def test_a_missing_block_is_named_with_what_registers_it(stack: Stack) -> None:
    Secret.delete("landing-options-test")
    with pytest.raises(settings.SettingsError, match=r"`landing-options-test`.*`pulumi up"):
        settings.landing()
