"""What a stack in the cloud is made of, and what a change of its values changes."""

import json
import re

import pulumi
import pulumi_gcp as gcp
import pytest

from flows.declarations import FlowDeployment
from stacks import platform as platform_module
from stacks.declared import DeclarationError
from tests.places.google.graph import AGENT_DIGEST, IMAGE, RUNNER_DIGEST, built
from tests.places.google.stacks import AGENT, PROMOTED, ROOT, RUNNER, filled
from tests.places.google.variants import VARIANTS, graph

ANOTHER = f"sha256:{'ee' * 32}"
KEYLESS = {"google", "landing-bucket", "lake-bucket", "warehouse"}


def of(kind, resources):
    """By name, the inputs of the resources of one kind."""
    return {r.name: r.inputs for r in resources if r.type.endswith(f":{kind}")}


def kinds(resources):
    return {r.type.rpartition(":")[2] for r in resources}


def changed(before, after):
    """The names of what the second graph has otherwise, or more, or less."""
    one = {(r.type, r.name): r.inputs for r in before}
    other = {(r.type, r.name): r.inputs for r in after}
    return {key[1] for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


# -- what it is made of ------------------------------------------------------------------------


def test_dev_with_prods_values_is_prod():
    values = {name: part for name, part in filled("prod").items() if isinstance(part, dict)}
    values["storage"] = {"landing_days": None, **values["storage"]}
    assert nameless(built("dev", **values)) == nameless(graph("prod"))


def nameless(resources):
    """The resources, as if the stack had no name."""
    texts = [json.dumps([r.type, r.name, r.inputs], sort_keys=True, default=str) for r in resources]
    return sorted(text.replace("prod", "STACK").replace("dev", "STACK") for text in texts)


def test_everything_waits_until_its_service_answers():
    google = [r.type for r in graph("prod") if r.type.startswith("gcp:")]
    services = [i for i, type_ in enumerate(google) if type_ == "gcp:projects/service:Service"]
    assert services == list(range(len(services)))


@pytest.mark.parametrize(("variant", "vm"), [("dev", "agent-vm"), ("prod", "agent-template")])
def test_the_agent_starts_once_it_may_and_can(variant, vm):
    order = [r.name for r in graph(variant)]
    ways_out = [name for name in order if name.startswith("network-")]
    grants = [name for name in order if name.startswith("agent-") and name != vm]
    needed = [n for n in grants if n.startswith(("agent-runs", "agent-reads", "agent-pulls"))]
    assert len(needed) == 3
    assert max(order.index(name) for name in [*needed, *ways_out]) < order.index(vm)


def test_where_images_are_promoted_nothing_is_built():
    assert "Image" not in kinds(graph("prod"))
    assert list(of("Repository", graph("prod"))) == ["registry-images"]


def test_promoted_images_are_copied_into_the_stacks_own_repository_by_their_digests():
    host = "europe-west1-docker.pkg.dev"
    copied = of("CopiedImage", graph("prod"))
    assert {name: {k: v for k, v in i.items() if k[0] != "_"} for name, i in copied.items()} == {
        f"{image}-image": {
            "source": f"{host}/acme-data-dev/dataflows-dev/{image}",
            "target": f"{host}/acme-data/dataflows-prod/{image}",
            "digest": digest,
        }
        for image, digest in (("agent", AGENT), ("runner", RUNNER))
    }
    order = [r.name for r in graph("prod")]
    assert order.index("agent-image") < order.index("agent-template")
    assert order.index("runner-image") < min(map(order.index, of("Deployment", graph("prod"))))


def test_the_runs_of_a_deployment_keep_the_digest_that_it_had():
    for variant, digest in (("dev", RUNNER_DIGEST), ("prod", RUNNER)):
        versions = {d["version"] for d in of("Deployment", graph(variant)).values()}
        assert versions == {digest}


def test_deployments_run_the_very_digest_that_was_promoted():
    images = {
        json.loads(d["job_variables"])["image"] for d in of("Deployment", graph("prod")).values()
    }
    assert images == {f"europe-west1-docker.pkg.dev/acme-data/dataflows-prod/runner@{RUNNER}"}


def test_flows_lie_where_the_image_has_them():
    for deployment in of("Deployment", graph("dev")).values():
        [step] = json.loads(deployment["pull_steps"])
        assert step == {
            "prefect.deployments.steps.set_working_directory": {"directory": "/opt/dataflows"}
        }


def test_an_image_is_pushed_by_its_content_for_one_platform_and_never_in_a_preview():
    images = of("Image", graph("dev"))
    assert images.keys() == {"agent-image", "runner-image"}
    for name, image in images.items():
        [export] = image["exports"]
        url = f"europe-west1-docker.pkg.dev/acme-data/dataflows-dev/{name.removesuffix('-image')}"
        assert (export["registry"]["names"], export["registry"]["pushByDigest"]) == ([url], True)
        assert "tags" not in image
        assert image["platforms"] == ["linux/amd64"]
        assert image["buildOnPreview"] is False


def test_the_first_preview_of_a_stack_knows_already_where_its_images_go():
    planned = of("Image", built("dev", preview=True))
    assert planned.keys() == {"agent-image", "runner-image"}
    for name, image in of("Image", graph("dev")).items():
        for told in ("exports", "cacheFrom", "cacheTo"):
            assert planned[name][told] == image[told]


def test_a_digest_that_only_the_build_will_tell_is_taken_for_no_value_by_anything():
    planned = built("dev", preview=True)
    unknown = {
        "WorkPool": ["base_job_template"],
        "Deployment": ["job_variables", "version"],
        "Instance": ["metadata"],
    }
    for kind, fields in unknown.items():
        for inputs in of(kind, planned).values():
            assert all("pulumi.output.Unknown" in str(inputs[name]) for name in fields)
    texts = {str(r): json.dumps(r.inputs, default=str) for r in planned}
    assert not [each for each, text in texts.items() if re.search(r"(agent|runner)@", text)]


@pytest.mark.parametrize("host", ["", "unix:///run/user/1000/docker.sock", "tcp://docker:2375"])
def test_the_state_does_not_know_where_this_machine_has_its_docker(monkeypatch, host):
    monkeypatch.setenv("DOCKER_HOST", host)
    resources = built("dev", preview=True)
    [docker] = [r for r in resources if r.type == "pulumi:providers:docker-build"]
    assert docker.inputs == {"host": "unix:///var/run/docker.sock"}
    assert [r.name for r in resources if r.type == IMAGE] == ["agent-image", "runner-image"]
    assert {r.provider for r in resources if r.type == IMAGE} == {"docker"}


def test_an_image_is_pushed_once_there_is_a_repository_for_it():
    order = [r.name for r in graph("dev")]
    repositories = max(map(order.index, of("Repository", graph("dev"))))
    assert repositories < min(map(order.index, of("Image", graph("dev"))))


def test_the_clean_up_keeps_what_prod_runs_and_what_a_rollback_returns_to_whatever_its_age():
    before = [PROMOTED | {"agent": ANOTHER}, PROMOTED | {"runner": AGENT}]
    [repository] = of("Repository", built("prod", images={"before": before})).values()
    needed, *others = repository["cleanupPolicies"]
    assert needed == {
        "id": "keep-needed",
        "action": "KEEP",
        "condition": {"tagState": "ANY", "versionNamePrefixes": [AGENT, RUNNER, ANOTHER]},
    }
    assert [each["action"] for each in others] == ["KEEP", "DELETE"]


def test_tags_of_images_never_move_and_the_build_cache_has_a_place_where_they_do():
    repositories = of("Repository", graph("dev"))
    assert repositories["registry-images"]["dockerConfig"] == {"immutableTags": True}
    assert "dockerConfig" not in repositories["registry-cache"]
    for image in of("Image", graph("dev")).values():
        [cache] = image["cacheTo"]
        assert "/dataflows-dev-cache/" in cache["registry"]["ref"]


def test_flows_find_their_data_by_variables_and_keyless_blocks():
    variables = {v["name"]: json.loads(v["value"]) for v in of("Variable", graph("dev")).values()}
    assert variables == {
        "landing-dev": "gs://acme-data-df-dev-landing",
        "warehouse-dev": "bigquery://acme-data/dataflows_dev?location=europe-west1",
    }
    blocks = of("Block", graph("dev"))
    assert blocks.keys() == KEYLESS | {"landing-options"}
    assert json.loads(blocks["google"]["data"]) == {"project": "acme-data"}
    assert all(blocks[name]["secret_data"].count("service_account") == 0 for name in KEYLESS)


def test_the_runner_reaches_its_buckets_datasets_and_secrets_and_no_others():
    resources = graph("everything")
    me = "serviceAccount:df-dev-runner@acme-data.iam.gserviceaccount.com"
    mine = [r.inputs for r in resources if r.inputs.get("member") == me]
    assert {i["bucket"] for i in mine if "bucket" in i} == {
        "acme-data-df-dev-landing",
        "acme-data-df-dev-lake",
    }
    assert {i["datasetId"] for i in mine if "datasetId" in i} == {
        "dataflows_dev",
        "dataflows_dev_staging",
    }
    assert {i["secretId"] for i in mine if "secretId" in i} == {
        "df-dev-prefect-api-key",
        "shop-token",
        "old-token",
    }
    assert [i["role"] for i in mine if "project" in i] == ["roles/bigquery.jobUser"]


def test_a_secret_for_flows_is_made_without_a_value():
    assert of("Secret", graph("everything")).keys() == {
        "secrets-prefect-api-key",
        "secrets-shop-token",
    }
    assert len(of("SecretVersion", graph("everything"))) == 1


def test_a_new_agent_answers_before_the_old_one_goes_and_one_that_does_not_is_made_anew():
    [group] = of("RegionInstanceGroupManager", graph("prod")).values()
    policy = group["updatePolicy"]
    assert (policy["maxUnavailableFixed"], policy["minimalAction"]) == (0, "REPLACE")
    assert policy["maxSurgeFixed"] >= len(group["distributionPolicyZones"])
    assert (group["targetSize"], group["waitForInstancesStatus"]) == (1, "UPDATED")
    [check] = of("HealthCheck", graph("prod")).values()
    assert check["httpHealthCheck"] == {"port": 8080, "requestPath": "/health"}
    assert group["autoHealingPolicies"]["healthCheck"] == "agent-health-id"


def test_a_single_agent_has_no_door_at_all():
    assert not kinds(graph("dev")) & {"Firewall", "HealthCheck", "RegionInstanceGroupManager"}
    assert not kinds(graph("prod")) & {"Instance"}


def test_a_nat_is_there_where_it_is_asked_for():
    assert {v for v in VARIANTS if "RouterNat" in kinds(graph(v))} == {
        "prod",
        "dev as prod",
        "everything",
        "single on a NAT",
    }


def test_github_deploys_from_its_environment_and_previews_from_pull_requests():
    subjects = {
        name: member["member"].partition("/subject/")[2]
        for name, member in of("IAMMember", graph("prod")).items()
        if "-subject-" in name
    }
    # A token names the repository in one of two ways, by the day that the repository was made.
    assert subjects == {
        "deployer-subject-by-name": "repo:acme/flows:environment:prod",
        "deployer-subject-by-id": "repo:acme@11/flows@22:environment:prod",
        "previewer-subject-by-name": "repo:acme/flows:pull_request",
        "previewer-subject-by-id": "repo:acme@11/flows@22:pull_request",
    }
    roles = {m["role"] for n, m in of("IAMMember", graph("prod")).items() if "previewer-" in n}
    assert not [r for r in roles if "admin" in r.lower() or "editor" in r.lower()]


def test_a_previewer_can_refresh_buckets_and_the_key_that_the_program_is_handed_in_any_case():
    roles = {m["role"] for n, m in of("IAMMember", graph("prod")).items() if "previewer-" in n}
    assert "roles/storage.bucketViewer" in roles
    assert "roles/secretmanager.secretAccessor" not in roles
    reads = {n: m for n, m in of("SecretIamMember", graph("everything")).items() if "previ" in n}
    assert {m["secretId"] for m in reads.values()} == {"df-dev-prefect-api-key"}


def test_a_stack_that_nobody_deploys_from_github_has_nothing_of_it():
    names = {r.name for r in built("dev", github=None)}
    assert not [n for n in names if n.startswith(("github", "deployer", "previewer"))]


# -- what a change changes ---------------------------------------------------------------------


def promoted(**digests):
    return built("prod", images={"now": PROMOTED | digests})


def test_another_image_of_the_agent_makes_another_agent_and_nothing_else():
    assert changed(graph("prod"), promoted(agent=ANOTHER)) == {
        "registry-images",  # its clean-up spares this one too
        "agent-image",
        "agent-template",
    }


def test_another_image_of_the_runner_changes_pool_and_deployments_and_nothing_else():
    assert changed(graph("prod"), promoted(runner=ANOTHER)) == {
        "registry-images",
        "runner-image",
        "pool",
        *of("Deployment", graph("prod")),
    }


def test_another_key_makes_another_agent_and_moves_the_runs_to_it():
    assert changed(graph("prod"), built("prod", key_version=2)) == {"agent-template", "pool"}


def test_an_image_is_the_same_whatever_the_commit(monkeypatch):
    monkeypatch.setattr("stacks.places.google.cloud.git_revision", lambda: "another commit")
    assert not changed(graph("dev"), built("dev"))


def test_other_schedules_change_deployments_only():
    assert changed(graph("dev"), built("dev", prefect={"schedules": "active"})) == {
        "ingest/ingest-dev",
        "report/report-dev",
    }


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"memory": "2gb"}, "memory: '2gb' is no size; write one such as 512Mi or 2Gi"),
        ({"cpu": "4000m"}, "Cloud Run gives a job 2Gi to 16Gi with cpu 4000m, not 512Mi;"),
    ],
)
def test_a_deployment_that_asks_for_what_cloud_run_refuses_is_refused(monkeypatch, values, text):
    declared = FlowDeployment(entrypoint="flows/hello.py:hello", **values)
    monkeypatch.setattr(platform_module, "read", lambda: (declared,))
    with pytest.raises(DeclarationError) as caught:
        built("dev")
    assert ", flows/hello.py:hello: memory: " in str(caught.value)
    assert text in str(caught.value)


# -- what it tells its users -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "digests"),
    [
        ("dev", {"agent": AGENT_DIGEST, "runner": RUNNER_DIGEST}),
        ("prod", {"agent": AGENT, "runner": RUNNER}),
    ],
)
def test_the_outputs_name_what_promotion_and_workflows_need(monkeypatch, variant, digests):
    told = {}

    def export(name, value):
        pulumi.Output.from_input(value).apply(lambda now: told.update({name: now}))

    monkeypatch.setattr(pulumi, "export", export)
    built(variant)
    assert told.keys() == {
        "work_pool",
        "deployments",
        "images",
        "images_repository",
        "images_revision",
        "git_revision",
        "github_provider",
        "github_deployer",
        "github_previewer",
    }
    assert told["images"] == digests


def test_of_a_dataset_that_is_made_anew_the_old_one_goes_first(monkeypatch):
    """They have one name wherever they are, and Google refuses the second with a 409."""
    first, dataset = {}, gcp.bigquery.Dataset

    def seen(name, opts, **inputs):
        first[name] = opts.delete_before_replace
        return dataset(name, opts=opts, **inputs)

    monkeypatch.setattr(gcp.bigquery, "Dataset", seen)
    built("dev")
    assert first == {"storage-dataset": True, "storage-staging": True}


@pytest.mark.parametrize("kind", ["Firewall", "HealthCheck", "Network", "Router", "Subnetwork"])
def test_what_is_made_anew_beside_the_old_one_has_no_name_of_its_own(kind):
    assert not [name for name, inputs in of(kind, graph("prod")).items() if "name" in inputs]


def test_the_guide_counts_what_a_first_preview_lists():
    guide = (ROOT / "docs/INITIAL_SETUP.md").read_text()
    [dev, prod] = re.search(r"\+ (\d+) to create` \(for prod, step 8, (\d+)\)", guide).groups()
    stack = 1  # which Pulumi lists too
    assert (int(dev), int(prod)) == tuple(len(graph(n)) + stack for n in ("dev", "prod"))
