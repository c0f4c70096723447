"""What is tried again: failures that pass, told by their cause and not by who raised them."""

import errno
from collections.abc import Callable
from typing import Any

import aiohttp
import botocore.exceptions as botocore
import duckdb
import pytest
import requests
from gcsfs.retry import HttpError
from google.api_core import exceptions as google

from flows.ingest.core import PartitionError
from flows.landing import Damaged
from flows.passing import passes
from flows.warehouse import NotIngested, Refused, WarehouseUnavailable


def answered(status: int, code: str = "") -> Exception:
    told: Any = {"ResponseMetadata": {"HTTPStatusCode": status}, "Error": {"Code": code}}
    return botocore.ClientError(told, "GetObject")


def of_requests(status: int) -> Exception:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("told so", response=response)


def of_aiohttp(status: int) -> Exception:
    asked: Any = None
    return aiohttp.ClientResponseError(asked, (), status=status)


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    "error",
    [
        WarehouseUnavailable("busy"),
        ConnectionResetError("peer went away"),
        TimeoutError("too slow"),
        OSError(errno.EBUSY, "busy"),
        OSError(errno.EHOSTUNREACH, "no route"),
        answered(503, "SlowDown"),
        caused(OSError("Please reduce your request rate"), answered(503, "SlowDown")),
        HttpError({"code": 503, "message": "try later"}),
        aiohttp.ServerDisconnectedError(),
        botocore.EndpointConnectionError(endpoint_url="http://127.0.0.1"),
        botocore.ReadTimeoutError(endpoint_url="http://127.0.0.1"),
        requests.exceptions.ConnectionError("refused"),
        google.ServiceUnavailable("try later"),
        google.TooManyRequests("try later"),
    ],
    ids=repr,
)
def test_what_the_network_or_a_busy_server_did_passes(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        PartitionError("damaged"),
        caused(PartitionError("damaged"), ConnectionResetError("on the way")),
        Damaged("a bit flipped"),
        Refused("no such type"),
        NotIngested("nothing"),
        FileNotFoundError(errno.ENOENT, "not there"),
        IsADirectoryError(errno.EISDIR, "a folder"),
        PermissionError(errno.EACCES, "not yours"),
        OSError(errno.ENOSPC, "disk full"),
        answered(403, "AccessDenied"),
        answered(404, "NoSuchKey"),
        HttpError({"code": 403, "message": "not yours"}),
        botocore.NoCredentialsError(),
        duckdb.InvalidInputException("bad bytes"),
        duckdb.ConnectionException("closed"),
        google.Forbidden("not yours"),
        google.BadRequest("bad SQL"),
    ],
    ids=repr,
)
def test_what_another_try_would_not_mend_does_not_pass(error: Exception) -> None:
    assert not passes(error)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "told",
    [
        answered,
        of_requests,
        of_aiohttp,
        lambda status: HttpError({"code": status, "message": "told so"}),
        lambda status: google.from_http_status(status, "told so"),
        lambda status: caused(OSError("told so"), answered(status)),
    ],
    ids=["botocore", "requests", "aiohttp", "gcsfs", "google", "s3fs"],
)
def test_of_the_statuses_of_http_only_those_pass_that_mean_later(
    told: Callable[[int], Exception],
) -> None:
    later = {408, 425, 429, 500, 502, 503, 504}
    assert {status for status in range(300, 600) if passes(told(status))} == later
