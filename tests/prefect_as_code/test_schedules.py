"""A schedule that Prefect would not take, or never run, is refused with what to write instead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_as_code import schedules


def refusal(**schedule):
    [told] = schedules.problems([{"slug": "daily"} | schedule])
    return told


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ({"rrule": "FREQ=DAILY;UNTIL=20301231T000000Z"}, "timezone, so without a Z"),
        ({"cron": "0 6 * * *", "timezone": "posixrules"}, "use an IANA name such as Europe/Paris"),
        ({"cron": "0 6 * * *", "timezone": "right/UTC"}, "is unknown; use an IANA name"),
        ({"cron": "R R * * *"}, "is no cron line: Random and Hashed expressions are unsupported"),
        ({"cron": "0 0 30 2 *"}, "Prefect's scheduler fails at it: failed to find next date"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "it never comes to a run"),
        ({"interval": 1e12}, "Prefect's scheduler fails at it: date value out of range"),
        ({"interval": "3600"}, "use a number of seconds, or ISO 8601 as in PT1H"),
        ({"interval": 60, "anchor_date": "not a date"}, "is no moment; write it as 2025-01-31T06"),
        ({"cron": "0 6 * * *", "anchor_date": "2025-01-01"}, "is for another kind of schedule"),
        ({"interval": 60, "day_or": True}, "day_or is for another kind of schedule; leave it out"),
        ({"cron": "0 6 * * *", "day_or": None}, "is neither true nor false"),
        ({"cron": "0 6 * * *", "max_scheduled_runs": 0}, "Prefect takes 1 to 50"),
        ({"cron": "0 6 * * *", "max_scheduled_runs": 51}, "unless PREFECT_DEPLOYMENT_SCHEDULE_MAX"),
        ({"cron": "0 6 * * *", "slug": 7}, "slug 7 is no text; write it in quotes"),
        ({"cron": "0 6 * * *", "active": "yes"}, "active 'yes' is neither true nor false"),
        ({"cron": "0 6 * * *", "parameters": None}, "parameters None are no mapping"),
    ],
)
def test_what_never_runs_is_refused_with_a_remedy(schedule, told):
    assert told in refusal(**schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        {"cron": "@daily"},
        {"interval": "PT1H"},
        {"interval": 60, "anchor_date": "2025-03-30T02:30:00", "timezone": "Europe/Paris"},
        {"rrule": "FREQ=DAILY;UNTIL=20200101T000000"},  # it has come to its end
        {"rrule": "FREQ=DAILY", "timezone": None},
    ],
)
def test_what_prefect_runs_is_taken(schedule):
    assert not [*schedules.problems([{"slug": "daily"} | schedule])]


@pytest.mark.parametrize("told", ["0 0 * * *", [None], {"slug": "a", "cron": "0 0 * * *"}, [[]]])
def test_what_is_no_list_of_mappings_is_no_bug_of_ours(told):
    assert "mapping" in next(schedules.problems(told))


moments = st.datetimes(allow_imaginary=True).filter(lambda m: 1900 < m.year < 9000)
zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe"])


@settings(deadline=None)
@given(moments, zones, st.sampled_from([60, "PT1H", 0.5]))
def test_what_was_sent_is_seen_as_it_was_declared(moment, zone, interval):
    """Of an hour that a clock leaves out or has twice, too."""
    told = {"slug": "a", "interval": interval, "anchor_date": moment.isoformat(), "timezone": zone}
    sent = schedules.to_send(told)
    assert schedules.seen(sent | {"slug": "a"}, told) == told


@pytest.mark.parametrize(
    ("told", "live", "same"),
    [
        ("FREQ=DAILY", "DTSTART:20200101T000000\nFREQ=DAILY", True),
        ("RRULE:FREQ=DAILY", "DTSTART:20200101T000000\nRRULE:FREQ=DAILY", True),
        ("FREQ=DAILY", "DTSTART:20210101T000000\nFREQ=DAILY", False),
        ("FREQ=DAILY", "DTSTART:20200101T000000\nFREQ=WEEKLY", False),
        ("DTSTART:20200101T000000\nFREQ=DAILY", "DTSTART:20210101T000000\nFREQ=DAILY", False),
        ("FREQ=MINUTELY;INTERVAL=7", "DTSTART:20200101T000700\nFREQ=MINUTELY;INTERVAL=7", True),
        ("FREQ=MINUTELY;INTERVAL=7", "DTSTART:20200101T000800\nFREQ=MINUTELY;INTERVAL=7", False),
    ],
)
def test_a_start_that_prefect_writes_into_a_rule_is_no_difference(told, live, same):
    live = {"slug": "a", "schedule": {"rrule": live, "timezone": "UTC"}}
    assert (schedules.seen(live, {"slug": "a", "rrule": told})["rrule"] == told) is same
