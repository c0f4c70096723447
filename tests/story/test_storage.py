"""The stand-in Cloud Storage takes what Google's own client asks, of whom it is granted to."""

import pytest
from gcsfs.core import GCSFileSystem  # as the runner has it: see images/runner/Dockerfile
from google.oauth2.credentials import Credentials

from tests.live.proxy import listening
from tests.story.conftest import PROJECT, RUNNER, STRANGER, small
from tests.story.google.storage import HOST, Storage, kept

BUCKET = "df-dev-landing"
WHERE = f"projects/{PROJECT}/buckets/{BUCKET}"
LISTS = (WHERE, ("storage.objects.list", "storage.buckets.get"), f"serviceAccount:{RUNNER}")
READS = (WHERE, ("storage.objects.get",), f"serviceAccount:{RUNNER}")
WRITES = (WHERE, ("storage.objects.create",), f"serviceAccount:{RUNNER}")
REMOVES = (WHERE, ("storage.objects.delete",), f"serviceAccount:{RUNNER}")


@pytest.fixture(scope="module")
def server():
    with kept() as http:
        yield http


@pytest.fixture
def google(server):
    """With one bucket, and nobody's grants."""
    made = small()
    made.grants.replace([], {})
    storage = Storage(made.grants, made.identities, PROJECT, server)
    storage.have(set())
    storage.have({BUCKET})
    here = {}

    def answer(asked):
        told = storage.answer(asked)
        if "location" in told.headers:  # of an upload in pieces; the name is ours in the story only
            told.headers["location"] = told.headers["location"].replace(
                f"https://{HOST}", here["root"]
            )
        return told

    with listening(answer) as root:
        here["root"] = root

        def files(email=RUNNER):
            token = Credentials(made.identities.token(email).value)
            return GCSFileSystem(
                token=token, endpoint_url=root, skip_instance_cache=True, use_listings_cache=False
            )

        made.files, made.storage = files, storage
        yield made


def test_a_file_is_written_listed_read_and_removed(google):
    for grant in (LISTS, READS, WRITES, REMOVES):
        google.grants.give(*grant)
    files = google.files()
    files.pipe_file(f"{BUCKET}/flights/2013-01.parquet", b"rows")
    assert files.find(BUCKET) == [f"{BUCKET}/flights/2013-01.parquet"]
    assert files.cat_file(f"{BUCKET}/flights/2013-01.parquet") == b"rows"
    assert google.storage.objects(BUCKET) == ["flights/2013-01.parquet"]
    files.rm_file(f"{BUCKET}/flights/2013-01.parquet")
    assert google.storage.objects(BUCKET) == []


def test_a_large_file_goes_in_pieces(google):
    for grant in (LISTS, READS, WRITES, REMOVES):
        google.grants.give(*grant)
    content = bytes(range(256)) * 40_000  # ten megabytes
    google.files().pipe_file(f"{BUCKET}/large", content, chunksize=2**22)
    assert google.files().cat_file(f"{BUCKET}/large") == content


@pytest.mark.parametrize("lacking", [LISTS, READS, WRITES, REMOVES], ids=lambda g: g[1][0])
def test_what_is_not_granted_is_refused(google, lacking):
    for grant in (LISTS, READS, WRITES, REMOVES):
        google.grants.give(*grant)
    files = google.files()
    files.pipe_file(f"{BUCKET}/kept", b"rows")
    google.grants.take(*lacking)
    does = {
        LISTS: lambda: files.ls(BUCKET, refresh=True),
        READS: lambda: files.cat_file(f"{BUCKET}/kept"),
        WRITES: lambda: files.pipe_file(f"{BUCKET}/new", b"rows"),
        REMOVES: lambda: files.pipe_file(f"{BUCKET}/kept", b"others"),  # it replaces one
    }
    with pytest.raises(OSError, match=r"Permission|Forbidden|permission"):
        does[lacking]()


def test_a_stranger_may_nothing(google):
    google.grants.give(*READS)
    with pytest.raises(OSError, match=r"Permission|Forbidden|permission"):
        google.files(STRANGER).cat_file(f"{BUCKET}/kept")


def test_a_bucket_goes_with_all_that_is_in_it(google):
    for grant in (LISTS, WRITES):
        google.grants.give(*grant)
    google.files().pipe_file(f"{BUCKET}/a/b c.parquet", b"rows")
    google.storage.have({"another"})
    google.storage.have({"another", BUCKET})
    assert google.storage.objects(BUCKET) == []
