"""What a container finds at Google's names, without a container."""

from pathlib import Path

import httpx

from tests.story.conftest import AGENT, PROJECT, RUNNER
from tests.story.google.authority import Authority
from tests.story.google.cloud_run.executor import Task
from tests.story.google.cloud_run.inside import Inside
from tests.story.google.cloud_run.scripted import Scripted
from tests.story.google.google import google

EMAIL = "/computeMetadata/v1/instance/service-accounts/default/email"


def task(account):
    return Task("df-x-1", "image", (), (), {}, service_account=account)


def test_each_execution_finds_itself_at_the_metadata_server(tmp_path):
    made = google(Scripted(), {PROJECT: 123456789012})
    inside = Inside(made, PROJECT, Authority(tmp_path, ["run.googleapis.com"]), port=0)
    with inside(task(RUNNER)) as first, inside(task(AGENT)) as second:
        for around, account in ((first, RUNNER), (second, AGENT)):
            url = f"http://{around.env['GCE_METADATA_IP']}{EMAIL}"
            assert httpx.get(url, headers={"Metadata-Flavor": "Google"}).text == account
            address = around.env["GCE_METADATA_IP"].partition(":")[0]
            assert f"metadata.google.internal:{address}" in around.hosts
            assert "run.googleapis.com:127.7.0.1" in around.hosts
            assert around.network == "host"
        assert first.hosts[0] != second.hosts[0]
        bundle = Path(first.binds[0].partition(":")[0])
    assert bundle.read_text().startswith(inside.authority.certificate.read_text())
