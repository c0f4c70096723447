"""The provider's hooks, called as Pulumi calls them, over canned answers."""

import dill
import httpx
import pulumi
import pytest

from prefect_as_code import PrefectError
from prefect_as_code.block import BlockProvider
from prefect_as_code.declared import UNDECLARED, decode, encode, same
from prefect_as_code.deployment import DeploymentProvider
from prefect_as_code.variable import VariableProvider
from prefect_as_code.work_pool import WorkPoolProvider
from prefect_as_code.work_queue import WorkQueueProvider
from tests.prefect_as_code.fake_prefect import DONE, GONE, FakePrefect, ok

PROVIDERS = (
    BlockProvider,
    DeploymentProvider,
    VariableProvider,
    WorkPoolProvider,
    WorkQueueProvider,
)


def provider(kind, prefect):
    made = kind()
    made.api = prefect.api()
    return made


def wire(kind, **fields):
    """Fields as they travel through Pulumi: JSON texts, whole numbers as floats."""
    props = encode(fields, kind.structured())
    return {k: float(v) if type(v) is int else v for k, v in props.items()}


def deployment(**fields):
    named = {"flow_name": "f", "name": "d", "owner": "p/s/d"}
    return wire(DeploymentProvider, **(named | fields))


@pytest.mark.parametrize("kind", PROVIDERS, ids=lambda kind: kind.kind)
def test_state_holds_a_provider_as_a_module_path(kind):
    """Anything more would change with each edit, and could hold a credential."""
    pickled = dill.dumps(kind(), recurse=True)
    assert len(pickled) < 120
    assert kind.__module__.encode() in pickled


class TestWhatIsDeclaredTravelsUnharmed:
    @pytest.mark.parametrize(
        "value", [None, [], {}, {"a": None}, [1, 2.5, True, None], {"n": 2**60}, "", "null", 0]
    )
    def test_through_pulumi_and_back(self, value):
        props = encode({"value": value, "name": "x"}, frozenset({"value"}))
        assert decode(props, frozenset({"value"})) == {"value": value, "name": "x"}

    def test_and_what_is_not_declared_does_not_travel(self):
        assert encode({"a": UNDECLARED, "b": None}, frozenset()) == {"__cleared": ["b"]}

    def test_with_whole_numbers_whole_again(self):
        assert repr(decode({"limit": 3.0}, frozenset())) == "{'limit': 3}"


class TestComparison:
    def test_tells_true_from_one(self):
        assert not same({"a": [1]}, {"a": [True]})
        assert same({"a": [3]}, {"a": [3.0]})


class TestDiff:
    def test_is_empty_for_the_same_schedules_in_another_order(self):
        one, two = {"slug": "a", "cron": "0 6 * * *"}, {"slug": "b", "cron": "0 7 * * *"}
        found = DeploymentProvider().diff(
            "id", deployment(schedules=[one, two]), deployment(schedules=[two, one])
        )
        assert found.changes is False

    def test_replaces_only_what_becomes_another_object(self):
        olds = deployment(tags=["a"])
        kept = provider(DeploymentProvider, FakePrefect())
        assert kept.diff("id", olds, deployment(tags=["b"])).replaces == []
        assert kept.diff("id", olds, olds | {"name": "e"}).replaces == ["name"]

    def test_removes_first_only_what_is_in_the_way(self):
        pool = wire(WorkPoolProvider, name="p", type="process")
        renamed = WorkPoolProvider().diff("p", pool, pool | {"name": "q"})
        assert (renamed.replaces, renamed.delete_before_replace) == (["name"], False)
        another = WorkPoolProvider().diff("p", pool, pool | {"type": "docker"})
        assert (another.replaces, another.delete_before_replace) == (["type"], True)

    def test_is_empty_for_what_an_older_version_has_kept(self):
        """It had what is ours among the user's fields, which previews show."""
        news = deployment(description=None)
        olds = {name.removeprefix("__"): value for name, value in news.items()}
        assert {"owner", "cleared"} <= olds.keys()
        assert provider(DeploymentProvider, FakePrefect()).diff("id", olds, news).changes is False

    def test_shows_a_value_that_is_not_known_yet_as_a_change(self):
        news = deployment() | {"work_pool_name": pulumi.output.Unknown()}
        assert DeploymentProvider().diff("id", deployment(work_pool_name="p"), news).changes


class TestUpdate:
    def test_sends_one_patch_with_the_one_field_that_changed(self):
        prefect = FakePrefect({"PATCH /deployments/1": DONE})
        olds = deployment(parameters={"a": 1}, tags=["t"], work_pool_name="p")
        news = deployment(parameters={"a": 2}, tags=["t"], work_pool_name="p")
        provider(DeploymentProvider, prefect).update("1", olds, news)
        assert prefect.requests == [("PATCH", "/deployments/1", {"parameters": {"a": 2}})]

    def test_clears_what_is_declared_empty(self):
        prefect = FakePrefect({"PATCH /deployments/1": DONE})
        olds = deployment(parameters={"a": 1}, tags=["t"], description="d")
        news = deployment(parameters={}, tags=[], description=None)
        provider(DeploymentProvider, prefect).update("1", olds, news)
        [(_, _, body)] = prefect.requests
        assert body == {"parameters": {}, "tags": [], "description": None}

    def test_sends_nothing_for_what_is_no_longer_declared(self):
        prefect = FakePrefect()
        provider(DeploymentProvider, prefect).update("1", deployment(tags=["t"]), deployment())
        assert prefect.requests == []

    def test_of_one_schedule_leaves_the_others_their_ids_and_runs(self):
        live = [
            {"id": "s1", "slug": "a", "schedule": {}},
            {"id": "s2", "slug": "b", "schedule": {}},
        ]
        path = "/deployments/1/schedules"
        prefect = FakePrefect({f"GET {path}": ok(live), f"PATCH {path}/s2": DONE})
        a = {"slug": "a", "cron": "0 6 * * *"}
        provider(DeploymentProvider, prefect).update(
            "1",
            deployment(schedules=[a, {"slug": "b", "cron": "0 7 * * *", "active": True}]),
            deployment(schedules=[a, {"slug": "b", "cron": "0 8 * * *", "active": True}]),
        )
        assert prefect.writes() == [("PATCH", f"{path}/s2", {"schedule": {"cron": "0 8 * * *"}})]

    def test_of_an_interval_keeps_the_moment_it_counts_from(self):
        anchor = "2026-01-01T00:00:00Z"
        live = [{"id": "s", "slug": "a", "schedule": {"interval": 60.0, "anchor_date": anchor}}]
        path = "/deployments/1/schedules"
        prefect = FakePrefect({f"GET {path}": ok(live), f"PATCH {path}/s": DONE})
        provider(DeploymentProvider, prefect).update(
            "1",
            deployment(schedules=[{"slug": "a", "interval": 60}]),
            deployment(schedules=[{"slug": "a", "interval": 120}]),
        )
        [(_, _, body)] = prefect.writes()
        assert body == {"schedule": {"interval": 120, "anchor_date": anchor}}

    def test_of_a_block_repeats_the_references_that_a_patch_would_drop(self):
        live = {
            "data": {"bucket": "b", "credentials": {"project": "expanded"}, "folder": "f"},
            "block_document_references": {"credentials": {"block_document": {"id": "c"}}},
        }
        schema = {"id": "s", "block_type_id": "t", "fields": {"properties": {"bucket": {}}}}
        prefect = FakePrefect(
            {
                "GET /block_documents/1?include_secrets=true": ok(live),
                "GET /block_types/slug/gcs-bucket": ok({"id": "t"}),
                "POST /block_schemas/filter": ok([schema]),
                "PATCH /block_documents/1": DONE,
            }
        )
        named = {"type_slug": "gcs-bucket", "name": "x"}
        provider(BlockProvider, prefect).update(
            "1",
            wire(BlockProvider, **named, data={"bucket": "a"}),
            wire(BlockProvider, **named, data={"bucket": "b2"}),
        )
        [(_, _, body)] = prefect.writes()
        reference = {"$ref": {"block_document_id": "c"}}
        assert body["data"] == {"bucket": "b2", "credentials": reference, "folder": "f"}
        assert body["merge_existing_data"] is False


class TestCheck:
    @pytest.mark.parametrize(
        ("value", "told"),
        [("日" * 1667, "takes 5003 bytes"), (2**64 - 1, "beyond 64 bits with a sign")],
    )
    def test_refuses_a_variable_that_prefect_would_not_store(self, value, told):
        props = wire(VariableProvider, name="x", value=value)
        [failure] = provider(VariableProvider, FakePrefect()).check({}, props).failures
        assert failure.property == "value"
        assert told in failure.reason

    def test_takes_what_the_state_holds_for_checked(self):
        """Of a thousand resources that have not changed, none costs the time again."""
        props = wire(VariableProvider, name="x", value="x" * 5000)
        assert provider(VariableProvider, FakePrefect()).check(props, props).failures == []


class TestCreate:
    def test_refuses_to_take_over_what_this_stack_has_not_made(self):
        prefect = FakePrefect({"GET /variables/name/x": ok({"id": "theirs"})})
        with pytest.raises(PrefectError, match='variable "x" exists already'):
            provider(VariableProvider, prefect).create(wire(VariableProvider, name="x", value=1))
        assert prefect.writes() == []

    @pytest.mark.parametrize(
        ("told", "way_out"),
        [(None, "python -m prefect_as_code.recover --stack NAME"), ("make mend", "make mend")],
    )
    def test_names_a_way_out_that_there_is_where_it_is_run(self, monkeypatch, told, way_out):
        monkeypatch.setenv("PREFECT_RECOVER", told or "")
        prefect = FakePrefect({"GET /variables/name/x": ok({"id": "theirs"})})
        with pytest.raises(PrefectError, match=f"was cut short, run `{way_out}`"):
            provider(VariableProvider, prefect).create(wire(VariableProvider, name="x", value=1))

    def test_takes_over_what_differs_on_a_server_of_ones_own_only(self, monkeypatch):
        theirs = {"id": "1", "name": "x", "value": 2}
        prefect = FakePrefect({"GET /variables/name/x": ok(theirs), "PATCH /variables/1": DONE})
        ours = provider(VariableProvider, prefect)
        monkeypatch.setenv("PREFECT_ADOPT", "http://127.0.0.1:1/api")
        with pytest.raises(PrefectError, match="exists already"):
            ours.create(wire(VariableProvider, name="x", value=1))
        monkeypatch.setenv("PREFECT_ADOPT", ours.api.url)
        assert ours.create(wire(VariableProvider, name="x", value=1)).id == "1"
        assert prefect.writes() == [("PATCH", "/variables/1", {"value": 1})]

    def test_refuses_another_stacks_deployment_though_prefect_would_overwrite_it(self):
        theirs = {"id": "1", "labels": {"pulumi-resource": "p/other/d"}}
        prefect = FakePrefect({"GET /deployments/name/f/d": ok(theirs)})
        with pytest.raises(PrefectError, match='deployment "f/d" exists already'):
            provider(DeploymentProvider, prefect).create(deployment())

    def test_takes_up_the_deployment_that_a_killed_up_of_this_resource_left(self):
        ours = {"id": "1", "name": "d", "labels": {"pulumi-resource": "p/s/d"}, "tags": ["old"]}
        prefect = FakePrefect({"GET /deployments/name/f/d": ok(ours), "PATCH /deployments/1": DONE})
        assert provider(DeploymentProvider, prefect).create(deployment(tags=["new"])).id == "1"
        assert prefect.writes() == [("PATCH", "/deployments/1", {"tags": ["new"]})]

    @pytest.mark.parametrize(("status", "asked"), [(201, 1), (200, 2)])
    def test_asks_for_no_deployment_of_a_flow_that_it_has_just_made(self, status, asked):
        prefect = FakePrefect(
            {
                "GET /deployments/name/f/d": GONE,
                "GET /deployments/name/f/e": GONE,
                "POST /flows/": ok({"id": "flow"}, status),
                "POST /deployments/filter": ok([]),
                "POST /deployments/": [ok({"id": "1"}, 201), ok({"id": "2"}, 201)],
            }
        )
        creates = provider(DeploymentProvider, prefect).create
        assert [creates(deployment()).id, creates(deployment(name="e")).id] == ["1", "2"]
        assert len([r for r in prefect.requests if r[0] == "GET"]) == asked

    def test_of_many_asks_for_what_they_share_once(self):
        made = [ok({"id": str(number)}, 201) for number in range(9)]
        prefect = FakePrefect(
            {
                "GET /work_pools/etl": ok({"name": "etl"}),
                "GET /deployments/name/f/a": GONE,
                "POST /flows/": ok({"id": "flow"}, 201),
                "POST /deployments/": made,
            }
        )
        kept = provider(DeploymentProvider, prefect)
        for name in "abc":
            props = deployment(name=name, work_pool_name="etl")
            assert kept.check({}, props).failures == []
            kept.create(props)
        asked = [f"{method} {path}" for method, path, _ in prefect.requests]
        once = ["GET /work_pools/etl", "GET /deployments/name/f/a", "POST /flows/"]
        assert asked == [*once, *["POST /deployments/"] * 3]

    def test_of_what_is_declared_twice_is_refused_of_a_new_flow_too(self):
        prefect = FakePrefect(
            {
                "GET /deployments/name/f/d": [GONE, ok({"id": "1", "name": "d"})],
                "POST /flows/": ok({"id": "flow"}, 201),
                "POST /deployments/": ok({"id": "1"}, 201),
            }
        )
        creates = provider(DeploymentProvider, prefect).create
        creates(deployment())
        with pytest.raises(PrefectError, match='deployment "f/d" is declared twice'):
            creates(deployment())

    def test_of_what_is_declared_twice_is_refused(self):
        """Else the two would be one, and the end of either that of both."""
        ours = {"id": "1", "name": "d", "labels": {"pulumi-resource": "p/s/d"}}
        prefect = FakePrefect({"GET /deployments/name/f/d": ok(ours)})
        twice = provider(DeploymentProvider, prefect)
        twice.create(deployment())
        with pytest.raises(PrefectError, match='deployment "f/d" is declared twice'):
            twice.create(deployment())

    def test_marks_a_deployment_as_this_stacks(self):
        prefect = FakePrefect(
            {
                "GET /deployments/name/f/d": GONE,
                "POST /flows/": ok({"id": "flow"}),
                "POST /deployments/filter": ok([]),
                "POST /deployments/": ok({"id": "1"}, 201),
            }
        )
        provider(DeploymentProvider, prefect).create(deployment(concurrency_limit=None))
        body = prefect.writes()[-1][2]
        assert body["labels"] == {"pulumi-resource": "p/s/d"}
        assert "concurrency_limit" not in body, "a null there deletes a limit, if there is one"

    def test_takes_the_default_queue_which_comes_with_its_pool(self):
        path = "/work_pools/p/queues/default"
        prefect = FakePrefect({f"GET {path}": ok({"id": "q"}), "PATCH /work_queues/q": DONE})
        props = wire(WorkQueueProvider, work_pool_name="p", name="default", concurrency_limit=2)
        assert provider(WorkQueueProvider, prefect).create(props).id == "q"
        assert prefect.writes() == [("PATCH", "/work_queues/q", {"concurrency_limit": 2})]

    def test_of_a_block_keeps_a_secret_out_of_the_open_data(self):
        schema = {
            "id": "s",
            "block_type_id": "t",
            "fields": {"properties": {"value": {}}, "secret_fields": ["value"]},
        }
        prefect = FakePrefect(
            {
                "GET /block_types/slug/secret/block_documents/name/x?include_secrets=true": GONE,
                "GET /block_types/slug/secret": ok({"id": "t"}),
                "POST /block_schemas/filter": ok([schema]),
            }
        )
        props = wire(BlockProvider, type_slug="secret", name="x", data={"value": "s3cret"})
        with pytest.raises(PrefectError, match="is secret: declare it in secret_data") as caught:
            provider(BlockProvider, prefect).create(props)
        assert "s3cret" not in str(caught.value)


class TestDelete:
    def test_under_an_old_name_spares_what_was_adopted_under_the_new_one(self):
        """A resource renamed in the program: Pulumi creates the new one, then deletes the old."""
        live = {"id": "1", "name": "x", "value": 1}
        prefect = FakePrefect({"GET /variables/name/x": ok(live)})
        renamed = provider(VariableProvider, prefect)
        props = wire(VariableProvider, name="x", value=1)
        renamed.create(props | {"adopt": True})
        renamed.delete("1", props)
        assert prefect.writes() == []

    def test_of_a_deployment_lets_go_of_a_shared_limit_first(self):
        """Prefect would delete the limit, and the other deployments would run without one."""
        limit = {"name": "warehouse", "limit": 5}
        live = {"id": "1", "flow_id": "f", "global_concurrency_limit": limit}
        prefect = FakePrefect(
            {
                "GET /deployments/1": ok(live),
                "GET /v2/concurrency_limits/deployment:1": GONE,
                "PATCH /deployments/1": DONE,
                "GET /automations/related-to/prefect.deployment.1": httpx.Response(403, json={}),
                "DELETE /deployments/1": DONE,
                "POST /deployments/count": ok(1),
            }
        )
        provider(DeploymentProvider, prefect).delete("1", deployment())
        assert prefect.writes() == [
            ("PATCH", "/deployments/1", {"global_concurrency_limit_id": None}),
            ("DELETE", "/deployments/1", None),
        ]

    def test_of_a_pool_is_refused_while_others_deploy_to_it(self):
        prefect = FakePrefect({"POST /deployments/filter": ok([{"name": "theirs"}])})
        with pytest.raises(PrefectError, match='pool "p" still holds deployments: theirs'):
            provider(WorkPoolProvider, prefect).delete(
                "p", wire(WorkPoolProvider, name="p", type="process")
            )

    def test_of_a_block_is_refused_while_a_deployment_is_stored_there(self):
        """Prefect would delete the deployment with it."""
        prefect = FakePrefect(
            {
                "POST /deployments/filter": ok([{"name": "d", "storage_document_id": "1"}]),
                "POST /block_documents/filter": ok([]),
                "POST /automations/filter": ok([]),
            }
        )
        with pytest.raises(PrefectError, match="still used by deployment d; Prefect would delete"):
            provider(BlockProvider, prefect).delete(
                "1", wire(BlockProvider, type_slug="secret", name="x")
            )

    def test_of_the_default_queue_is_left_to_its_pool(self):
        prefect = FakePrefect()
        provider(WorkQueueProvider, prefect).delete(
            "q", wire(WorkQueueProvider, work_pool_name="p", name="default")
        )
        assert prefect.requests == []


class TestRead:
    def test_says_when_the_object_is_gone(self):
        prefect = FakePrefect({"GET /variables/1": GONE})
        found = provider(VariableProvider, prefect).read(
            "1", wire(VariableProvider, name="x", value=1)
        )
        assert found.id == ""

    def test_leaves_a_pause_of_the_ui_alone_unless_it_is_declared(self):
        prefect = FakePrefect({"GET /deployments/1": ok({"id": "1", "name": "d", "paused": True})})
        read = provider(DeploymentProvider, prefect).read
        assert "paused" not in read("1", deployment()).inputs
        assert read("1", deployment(paused=False)).inputs["paused"] is True

    def test_takes_a_limit_from_where_the_server_keeps_it(self):
        live = {"id": "1", "concurrency_limit": None, "global_concurrency_limit": {"limit": 4}}
        prefect = FakePrefect({"GET /deployments/1": ok(live)})
        found = provider(DeploymentProvider, prefect).read("1", deployment(concurrency_limit=4))
        assert found.inputs["concurrency_limit"] == 4


def test_a_bug_of_ours_shows_its_trace():
    with pytest.raises(
        RuntimeError, match=r"(?s)A bug in the Prefect provider:\nTraceback.*KeyError"
    ):
        provider(VariableProvider, FakePrefect()).create({})
