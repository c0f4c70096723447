"""The seedling."""

import pytest
from prefect.exceptions import ParameterTypeError

from flows.hello import hello
from tests.flows.runs import finished


def test_it_greets_as_often_as_asked(
    prefect_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    state = hello(name="Ada", times=3, language="swahili", return_state=True)
    run = finished(state)
    assert run.state_type == "COMPLETED"
    assert run.labels["rows"] == 3


@pytest.mark.parametrize("wrong", [{"times": 11}, {"times": 0}, {"name": ""}, {"language": "oops"}])
def test_it_refuses_parameters_out_of_bounds(
    prefect_server: None, wrong: dict[str, object]
) -> None:
    with pytest.raises(ParameterTypeError):
        hello(**wrong)
