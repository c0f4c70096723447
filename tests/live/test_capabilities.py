"""A field that the server does not know is refused with those that it does, by its own word."""

from uuid import uuid4

import pytest

from prefect_as_code import PrefectApiError
from prefect_as_code.api import PrefectApi
from prefect_as_code.connection import Connection
from prefect_as_code.paths import at

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("POST", "/work_pools/", "base_job_template, concurrency_limit, description, "),
        ("PATCH", "/work_pools/etl", "base_job_template, concurrency_limit, description, "),
        ("POST", f"/deployments/{uuid4()}/schedules", "active, "),
    ],
)
def test_what_the_server_takes_instead_is_listed(api_url, method, path, taken):
    api = PrefectApi(Connection(api_url=api_url))
    body = {"name": "etl", "type": "process", "no_such": 1}
    with pytest.raises(PrefectApiError) as refused:
        api.call(method, at(path), [body] if path.endswith("schedules") else body)
    assert "no_such: Extra inputs are not permitted" in str(refused.value)
    assert f", which takes {taken}" in str(refused.value)


def test_of_a_field_inside_another_the_fields_of_the_whole_body_are_not_listed(api_url):
    schedule = {"schedule": {"cron": "0 6 * * *"}, "no_such": 1}
    body = {"name": "daily", "flow_id": str(uuid4()), "schedules": [schedule]}
    with pytest.raises(PrefectApiError) as refused:
        PrefectApi(Connection(api_url=api_url)).call("POST", at("/deployments/"), body)
    assert "body.schedules.0.no_such: Extra inputs are not permitted" in str(refused.value)
    assert "which takes" not in str(refused.value)
