"""prefect_as_code/README.md tells of each resource what its conformance cases prove."""

from tests.live.conformance.table import README, text


def test_the_tables_are_those_of_the_conformance_cases():
    assert README.told() == text().strip(), "run: python -m tests.live.conformance.table"
