"""What goes through the story's proxies arrives, and what should not get through does not."""

import ssl
from threading import Thread

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from tests.live.gateway import KEY, Gateway
from tests.live.proxy import listening
from tests.story.connect import connecting
from tests.story.google.authority import Authority


@pytest.fixture
def echo():
    """A server behind the gateway that says at which path it was asked, and then what it hears."""

    def answer(there):
        there.send(there.request.path)
        for said in there:
            there.send(said)

    with serve(answer, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/api"
        server.shutdown()


@pytest.fixture
def gateway(echo):
    cloud = Gateway()
    with listening(
        lambda _: httpx.Response(404), upgrade=lambda w: cloud.upgraded(w, echo)
    ) as root:
        cloud.root = root
        yield cloud


def socket(gateway, path, **headers):
    url = f"{gateway.url()}{path}".replace("http://", "ws://")
    return connect(url, additional_headers=headers, open_timeout=5)


def test_a_websocket_goes_to_the_server_under_its_own_path(gateway):
    with socket(gateway, "/events/in", Authorization=f"Bearer {KEY}") as there:
        assert there.recv(timeout=5) == "/api/events/in"
        there.send("one")
        there.send("another")
        assert [there.recv(timeout=5), there.recv(timeout=5)] == ["one", "another"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer pnu_wrong"}])
def test_events_are_taken_of_whoever_has_the_key(gateway, headers):
    with pytest.raises(InvalidStatus, match="401"):
        socket(gateway, "/events/in", **headers)


def test_another_workspace_has_no_websocket(gateway):
    url = gateway.url("0ccc0000-0000-4000-8000-000000000003").replace("http://", "ws://")
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{url}/events/out", open_timeout=5)


def test_a_name_that_is_not_ours_is_found_through_the_proxy_alone(tmp_path):
    authority = Authority(tmp_path, ["api.prefect.cloud"])
    trust = ssl.create_default_context(cafile=str(authority.bundle))
    with listening(lambda asked: httpx.Response(200, text=asked.path), tls=authority.tls) as root:
        port = httpx.URL(root).port
        with (
            connecting({"api.prefect.cloud:443": ("127.0.0.1", port)}) as proxy,
            httpx.Client(proxy=proxy, verify=trust) as client,
        ):
            assert client.get("https://api.prefect.cloud/api/hello").text == "/api/hello"
            with pytest.raises(httpx.ProxyError, match="502"):
                client.get("https://elsewhere.example/")
