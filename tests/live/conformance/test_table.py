"""prefect_as_code/README.md tells of each resource what its conformance cases prove."""

from tests.live.conformance.table import BEGIN, END, README, text


def test_the_tables_are_those_of_the_conformance_cases():
    told = README.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert told == text().strip(), "run: python -m tests.live.conformance.table"
