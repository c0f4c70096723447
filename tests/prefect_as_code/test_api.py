"""Calls to Prefect: what is retried, what is said, and that nothing is made twice."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from prefect_as_code import PrefectApiError, PrefectError, PrefectUnreachable
from prefect_as_code.api import Patience, PrefectApi
from prefect_as_code.connection import resolve
from prefect_as_code.paths import at
from tests.prefect_as_code.fake_prefect import DONE, GONE, URL, FakePrefect, ok

BUSY = httpx.Response(503, json={"exception_message": "Service Unavailable"})


IMPATIENT = Patience(call=0, greeting=0)


def test_a_busy_server_is_asked_again():
    prefect = FakePrefect({"GET /variables/1": [BUSY, httpx.ReadError("reset"), ok({"id": "1"})]})
    assert prefect.api().call("GET", at("/variables/1")) == {"id": "1"}
    assert len(prefect.requests) == 3


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("7", 7.0, 7.0),
        ("1.5", 1.5, 1.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, 0.0),
        ("soon", 0.0, 1.0),
    ],
)
def test_a_rate_limit_waits_as_long_as_it_is_told_to(asked, least, most, slept):
    limited = httpx.Response(429, headers={"Retry-After": asked})
    FakePrefect({"GET /x": [limited, ok(1)]}).api().call("GET", at("/x"))
    assert len(slept) == 1
    assert least <= slept[0] <= most


def test_a_rate_limit_waits_until_the_moment_that_it_names(slept):
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    limited = httpx.Response(429, headers={"Retry-After": moment})
    FakePrefect({"GET /x": [limited, ok(1)]}).api().call("GET", at("/x"))
    assert len(slept) == 1
    assert 30 <= slept[0] <= 60


def test_a_create_whose_reply_is_lost_is_not_sent_twice():
    """The server committed, the reply did not arrive: a second POST would be a second object."""
    prefect = FakePrefect({"POST /variables/": httpx.ReadError("reset")})
    made = prefect.api().create(at("/variables/"), {"name": "x"}, lambda: {"id": "1"})
    assert made == {"id": "1"}
    assert len(prefect.writes()) == 1


def test_a_create_that_was_lost_before_the_server_saw_it_is_sent_again():
    prefect = FakePrefect({"POST /variables/": [httpx.ConnectError("down"), ok({"id": "1"}, 201)]})
    assert prefect.api().create(at("/variables/"), {}, lambda: None) == {"id": "1"}
    assert len(prefect.writes()) == 2


def test_what_is_gone_already_counts_as_deleted():
    prefect = FakePrefect({"DELETE /variables/1": GONE})
    assert prefect.api().call("DELETE", at("/variables/1")) is None


def test_an_update_of_what_is_gone_is_an_error():
    with pytest.raises(PrefectApiError, match=r"refuses PATCH /variables/1 \(404\): not found"):
        FakePrefect({"PATCH /variables/1": GONE}).api().call("PATCH", at("/variables/1"), {})


def test_a_flow_is_made_once_however_many_deployments_it_has():
    prefect = FakePrefect({"POST /flows/": ok({"id": "f"})})
    api = prefect.api()
    assert {api.flows.id_of("hello", "p/s/d") for _ in range(3)} == {"f"}
    assert len(prefect.requests) == 1


def test_a_filter_is_read_to_its_last_page():
    full, rest = [{"n": n} for n in range(200)], [{"n": 200}]
    prefect = FakePrefect({"POST /deployments/filter": [ok(full), ok(rest)]})
    assert len(list(prefect.api().pages(at("/deployments/filter"), {}))) == 201
    assert [body["offset"] for _, _, body in prefect.requests] == [0, 200]


def test_a_wrong_key_is_told_from_a_missing_permission():
    refused = httpx.Response(401, json={"detail": "Invalid key"})
    with pytest.raises(PrefectApiError, match=r"who we are \(401\).*prefect_api_key"):
        FakePrefect({"GET /x": refused}).api().call("GET", at("/x"))
    with pytest.raises(PrefectApiError, match=r"does not permit GET /x \(403\)"):
        FakePrefect({"GET /x": httpx.Response(403, json={})}).api().call("GET", at("/x"))


def test_a_field_that_the_server_is_too_old_for_is_named_with_its_version():
    problem = {"loc": ["body", "concurrency_options"], "msg": "Extra inputs are not permitted"}
    refused = httpx.Response(422, json={"exception_detail": [problem]})
    old = FakePrefect({"POST /deployments/": refused, "GET /openapi.json": GONE}, version="3.0.1")
    with pytest.raises(
        PrefectApiError, match=r"body\.concurrency_options: .* Prefect 3\.0\.1: lea"
    ):
        old.api().call("POST", at("/deployments/"), {})


def test_a_server_that_is_down_is_named_with_its_remedy():
    down = FakePrefect({"GET /admin/version": httpx.ConnectError("refused")})
    with pytest.raises(PrefectUnreachable, match=rf"{URL} is down: refused.*prefect.api_url"):
        down.api(patience=IMPATIENT).call("GET", at("/x"))


def test_a_server_that_is_slow_is_called_slow():
    slow = FakePrefect({"GET /admin/version": httpx.ReadTimeout("30 s")})
    with pytest.raises(PrefectUnreachable, match="is too slow"):
        slow.api(patience=IMPATIENT).call("GET", at("/x"))


def test_a_server_of_another_version_is_refused_before_anything_is_sent():
    prefect = FakePrefect({"POST /variables/": ok()}, version="2.20.3")
    with pytest.raises(PrefectError, match=r"There is Prefect 2\.20\.3 at .* speaks Prefect 3"):
        prefect.api().call("POST", at("/variables/"), {})
    assert prefect.requests == []


def test_a_url_without_an_api_behind_it_is_said_to_be_one():
    with pytest.raises(PrefectError, match=r"no Prefect API at .* ends in /api"):
        FakePrefect({"GET /admin/version": GONE}).api().call("GET", at("/x"))


def test_a_refusal_says_what_the_server_said_but_not_what_was_sent():
    told = {"exception_detail": [{"loc": ["body", "data"], "msg": "too long", "input": "s3cret"}]}
    with pytest.raises(PrefectApiError, match=r"\(422\): body\.data: too long") as caught:
        FakePrefect({"POST /x": httpx.Response(422, json=told)}).api().call("POST", at("/x"), {})
    assert "s3cret" not in str(caught.value)


def test_the_key_is_in_the_header_and_in_no_representation():
    seen = []

    def remember(request):
        seen.append(request.headers["Authorization"])
        return ok("3.8.8")

    connection = resolve({"prefect_api_key": "pnu_x", "prefect": json.dumps({"api_url": URL})})
    PrefectApi(connection, httpx.MockTransport(remember)).call("GET", at("/x"))
    assert seen == ["Bearer pnu_x", "Bearer pnu_x"]
    assert "pnu_x" not in repr(connection)


class TestTheConnectionIsLookedFor:
    @pytest.fixture(autouse=True)
    def profile(self, monkeypatch, tmp_path):
        for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
        text = 'active = "work"\n[profiles.work]\nPREFECT_API_URL = "http://profile/api"\n'
        (tmp_path / "profiles.toml").write_text(text)

    def test_in_the_stack_config_first(self, monkeypatch):
        monkeypatch.setenv("PREFECT_API_URL", "http://environment/api")
        told = {"prefect": json.dumps({"api_url": "http://config/api/"})}
        assert resolve(told).api_url == "http://config/api"

    def test_then_in_the_environment(self, monkeypatch):
        monkeypatch.setenv("PREFECT_API_URL", "http://environment/api")
        assert resolve({}).api_url == "http://environment/api"

    def test_then_in_the_active_prefect_profile(self):
        assert resolve({}).api_url == "http://profile/api"

    def test_and_its_absence_is_said_with_the_remedy(self, monkeypatch):
        monkeypatch.setenv("PREFECT_PROFILE", "none")
        with pytest.raises(PrefectError, match=r"No Prefect API URL: set prefect\.api_url"):
            resolve({})


def test_done_is_no_json():
    assert FakePrefect({"PATCH /x": DONE}).api().call("PATCH", at("/x"), {}) is None


class TestPrefectCloud:
    URL = "https://api.prefect.test/api/accounts/a/workspaces/w"
    GREETING = "POST /work_pools/filter"

    def cloud(self, answers):
        return FakePrefect(answers, prefix="/api/accounts/a/workspaces/w")

    def test_is_known_by_its_url_and_not_asked_for_a_version(self):
        cloud = self.cloud({self.GREETING: ok([]), "GET /x": ok(1)})
        assert cloud.api(self.URL).call("GET", at("/x")) == 1

    @pytest.mark.parametrize("status", [403, 404])
    def test_of_another_workspace_is_not_taken_for_an_empty_one(self, status):
        """Every GET would say 404, and a refresh would drop everything from the state."""
        cloud = self.cloud({self.GREETING: httpx.Response(status, json={}), "GET /x": GONE})
        with pytest.raises(PrefectApiError, match="The key is valid, but not for the workspace"):
            cloud.api(self.URL).call("GET", at("/x"))

    def test_with_a_wrong_key_says_so(self):
        cloud = self.cloud({self.GREETING: httpx.Response(401, json={"detail": "Invalid"})})
        with pytest.raises(PrefectApiError, match=r"who we are \(401\)"):
            cloud.api(self.URL).call("GET", at("/x"))


def test_a_pause_that_is_asked_for_is_not_waited_for_beyond_our_patience(slept):
    limited = httpx.Response(429, headers={"Retry-After": "3600"})
    with pytest.raises(PrefectApiError, match="keeps answering 429, after 1 attempts"):
        FakePrefect({"GET /x": limited}).api().call("GET", at("/x"))
    assert slept == []
