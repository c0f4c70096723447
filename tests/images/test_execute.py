"""What the runner's first process makes of the API's answers, and how it comes to the API."""

import importlib.util
import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import URLError

import httpx
import pytest

from tests.live.proxy import listening

SOURCE = Path(__file__).parents[2] / "images" / "runner" / "execute.py"
spec = importlib.util.spec_from_file_location("execute", SOURCE)
execute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(execute)

AGAIN = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING", "CANCELLED", "SCHEDULED", "PENDING"]


@pytest.mark.parametrize(
    ("states", "ending"),
    [
        (["SCHEDULED", "PENDING"], ""),
        (["SCHEDULED", "PENDING", "RUNNING"], ""),
        (["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"], "cancelling"),
        (["SCHEDULED", "PENDING", "CANCELLING"], "never ran"),
        (["SCHEDULED", "PENDING", "CANCELLING", "RUNNING"], "cancelling"),
        (["SCHEDULED", "CANCELLED"], "cancelled"),
        (["SCHEDULED", "PENDING", "CANCELLING", "CANCELLED"], "cancelled"),
        (["RUNNING", "CANCELLING"], "cancelling"),
        (AGAIN, ""),
        ([*AGAIN, "RUNNING"], ""),
        ([*AGAIN, "CANCELLING"], "never ran"),
        ([], ""),
    ],
)
def test_a_run_ends_as_the_history_of_this_execution_says(states, ending, monkeypatch):
    run = execute.Run("https://prefect.example/api", "the-id")
    monkeypatch.setattr(run, "_states", lambda: [{"type": type_} for type_ in states])
    assert run.ending() == ending


def test_a_cancellation_is_seen_also_when_the_run_was_retried_after_it(monkeypatch):
    run = execute.Run("https://prefect.example/api", "the-id")
    states = [{"type": "PENDING"}, {"type": "RUNNING"}]
    monkeypatch.setattr(run, "_states", lambda: states)
    assert run.ending() == ""
    states += [{"type": "CANCELLING"}, {"type": "SCHEDULED"}, {"type": "RUNNING"}]
    assert run.ending() == "cancelling"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate of 127.0.0.1, signed by itself, in one file."""
    made = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    both = ["-keyout", made, "-out", made.with_suffix(".crt")]
    subprocess.run([*command, *name, *both], check=True, capture_output=True)
    made.write_text(made.read_text() + made.with_suffix(".crt").read_text())
    return made


@pytest.fixture
def api(certificate):
    """An API with TLS, as (URL, the headers that it was asked with)."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(dict(self.headers))
            body = json.dumps([{"type": "PENDING"}]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("SSL_CERT_FILE", "PREFECT_API_SSL_CERT_FILE", "PREFECT_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "PREFECT_API_SSL_CERT_FILE"])
def test_the_certificates_are_those_that_the_environment_names(
    api, certificate, monkeypatch, variable
):
    monkeypatch.setenv(variable, str(certificate.with_suffix(".crt")))
    assert execute.Run(f"{api[0]}/api", "the-id").ending() == ""


def test_a_server_that_nobody_vouches_for_is_asked_only_if_the_environment_says_so(
    api, monkeypatch
):
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        execute.Run(f"{api[0]}/api", "the-id").ending()
    monkeypatch.setenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true")
    assert execute.Run(f"{api[0]}/api", "the-id").ending() == ""


@pytest.mark.parametrize(
    ("environment", "header", "value"),
    [
        ({"PREFECT_API_KEY": "k"}, "Authorization", "Bearer k"),
        ({"PREFECT_API_AUTH_STRING": "a:b"}, "Authorization", "Basic YTpi"),
        ({"PREFECT_API_AUTH_STRING": "a:b", "PREFECT_API_KEY": "k"}, "Authorization", "Basic YTpi"),
        ({"PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-Tenant": "acme"}'}, "X-Tenant", "acme"),
    ],
)
def test_the_api_is_asked_with_the_key_and_the_headers_of_the_environment(
    api, certificate, monkeypatch, environment, header, value
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    for name, told in environment.items():
        monkeypatch.setenv(name, told)
    execute.Run(f"{api[0]}/api", "the-id").ending()
    [headers] = api[1]
    assert headers[header] == value


def test_the_key_does_not_go_along_to_where_the_api_has_moved(monkeypatch):
    monkeypatch.setenv("PREFECT_API_KEY", "k")
    asked = []

    def there(request):
        asked.append(request)
        return httpx.Response(200, json=[{"type": "PENDING"}])

    def here(request):
        asked.append(request)
        return httpx.Response(307, headers={"Location": elsewhere + request.path})

    with listening(there) as elsewhere, listening(here) as root:
        assert execute.Run(f"{root}/api", "the-id").ending() == ""
    assert [request.headers.get("Authorization") for request in asked] == ["Bearer k", None]
