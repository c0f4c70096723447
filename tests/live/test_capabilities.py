"""A field that the server does not know is refused with those that it does, by its own word."""

from uuid import uuid4

import pytest

from stacks.prefect import PrefectApiError
from stacks.prefect.api import PrefectApi
from stacks.prefect.connection import Connection

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
        api.call(method, path, [body] if path.endswith("schedules") else body)
    assert "no_such: Extra inputs are not permitted" in str(refused.value)
    assert f", which takes {taken}" in str(refused.value)
