"""A name is one segment of a URL, whatever it holds; and there is one place that makes URLs."""

import ast
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefect_as_code
from prefect_as_code import PrefectError
from prefect_as_code.paths import at, unaddressable

ROOT = Path(__file__).parents[2]
LIBRARY = Path(prefect_as_code.__file__).parent
ROOMS = (LIBRARY, ROOT / "stacks", ROOT / "promotion")
WHO_ASKS = sorted(path for room in ROOMS for path in room.rglob("*.py"))

odd = st.text(st.sampled_from("?#%&+;=:@!$'()*,[]\\^`{|}~\"<>/ .\t\n\x00ü日🎈e\u0301mlA0-_"))
names = (odd | st.text()).filter(lambda name: unaddressable(name) is None)


@given(names, names)
def test_a_name_stays_one_segment_all_the_way_to_the_server(pool: str, queue: str) -> None:
    path = at("/work_pools/{}/queues/{}", pool, queue).text
    asked = httpx.Request("GET", f"http://prefect.test/api{path}").url
    assert (asked.query, asked.fragment) == (b"", "")
    segments = asked.raw_path.decode().split("/")
    assert segments[:3] == ["", "api", "work_pools"]
    assert [unquote(each) for each in segments[3:]] == [pool, "queues", queue]


@pytest.mark.parametrize("name", ["", ".", "..", "a\n", "\ud800"])
def test_a_name_that_no_url_can_hold_is_refused(name: str) -> None:
    with pytest.raises(PrefectError, match="cannot be asked for an object of this name"):
        at("/work_pools/{}", name)


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    told = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [(ast.unparse(call.func), call) for call in told]


@pytest.mark.parametrize("path", WHO_ASKS, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_call_goes_round_the_place_that_makes_urls(path: Path) -> None:
    for name, call in calls(path):
        if name in ("at", "in_account") and path.name != "paths.py":
            template, *rest = call.args
            literal = isinstance(template, ast.Constant)
            assert literal, f"line {call.lineno}: a name is put into the template itself"
            assert template.value.count("{}") == len(rest) or isinstance(rest[0], ast.Starred)
        if name.endswith("api.call"):
            assert not isinstance(call.args[1], ast.Constant | ast.JoinedStr), call.lineno
        if name == "Path" and path.name != "paths.py":
            assert "from pathlib import Path" in path.read_text(), f"line {call.lineno}: use at()"


def test_only_one_module_of_the_package_speaks_http() -> None:
    modules = LIBRARY.glob("*.py")
    assert [p.name for p in modules if "import httpx" in p.read_text()] == ["api.py"]
