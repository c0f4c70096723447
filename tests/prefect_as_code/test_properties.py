"""What holds for any JSON that a program declares, and any that a server answers."""

from hypothesis import given
from hypothesis import strategies as st

from prefect_as_code.automation import AutomationProvider
from prefect_as_code.declared import decode, encode, same

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELD = frozenset({"field"})


def through_pulumi(props):
    """Pulumi makes floats of whole numbers; text it leaves alone."""
    return {k: float(v) if type(v) is int else v for k, v in props.items()}


@given(JSON)
def test_what_is_declared_arrives(value):
    assert same(decode(through_pulumi(encode({"field": value}, FIELD)), FIELD)["field"], value)


@given(JSON, JSON)
def test_comparison_is_symmetric(one, other):
    assert same(one, one)
    assert same(one, other) == same(other, one)


@given(st.lists(st.text(max_size=3), unique=True), st.randoms(use_true_random=False))
def test_an_automations_sets_have_no_order(expected, chance):
    shuffled = list(expected)
    chance.shuffle(shuffled)
    trigger = {"type": "compound", "triggers": [{"type": "event", "expect": expected}]}
    live = {"type": "compound", "triggers": [{"type": "event", "expect": shuffled, "id": "new"}]}
    seen = AutomationProvider().seen({"trigger": live}, {"trigger": trigger})
    assert same(seen["trigger"], trigger)
