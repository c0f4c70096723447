"""The questions, in SQL that DuckDB and BigQuery both speak, and the shape of their answers."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flows.warehouse import Ask, NotIngested, Row


@dataclass(frozen=True)
class Group:
    """Flights that have something in common, and how they arrived."""

    name: str
    flights: int
    late: int
    mean_delay: float

    @property
    def share(self) -> float:
        """Of its flights, the late ones: 0 to 1."""
        return self.late / self.flights


@dataclass(frozen=True)
class Delays:
    """The answers. Shares are of the flights that arrived."""

    late_minutes: int
    scheduled: int
    cancelled: int
    first_month: str
    last_month: str
    arrived: Group
    carriers: Sequence[Group]  # the latest first
    routes: Sequence[Group]  # the latest first
    hours: Sequence[Group]
    weather: dict[str, Sequence[Group]]  # by what was measured, the worst band last
    fair: Group | None
    foul: Group | None

    @property
    def due_to_weather(self) -> float:
        """Of the late flights, those that fair weather would not have made late: 0 to 1."""
        if not (self.fair and self.foul and self.arrived.late):
            return 0.0
        excess = self.foul.late - self.fair.share * self.foul.flights
        return max(0.0, excess / self.arrived.late)


# Bands from the mildest to the worst, each with the condition that the one before does not meet.
BANDS = {
    "Visibility": {
        "10 miles": "visib >= 10",
        "3 to 10 miles": "visib >= 3",
        "1 to 3 miles": "visib >= 1",
        "under 1 mile": "visib >= 0",
    },
    "Rain or snow in the hour": {
        "none": "precip = 0",
        "up to 0.1 inch": "precip <= 0.1",
        "over 0.1 inch": "precip > 0.1",
    },
    "Wind": {
        "under 10 mph": "wind_speed < 10",
        "10 to 20 mph": "wind_speed < 20",
        "20 to 30 mph": "wind_speed < 30",
        "over 30 mph": "wind_speed < 200",  # the sample has a gauge that once read 1,048
    },
}
FAIR_OR_FOUL = {
    "fair": "visib >= 3 AND precip = 0 AND wind_speed < 20",
    "foul": "visib < 3 OR precip > 0 OR (wind_speed >= 20 AND wind_speed < 200)",
}

CARRIERS = "flights LEFT JOIN airlines ON airlines.carrier = flights.carrier"
# An hour that was measured twice (clocks go back) counts once, by its worse reading.
WEATHER = """flights JOIN (
    SELECT origin, time_hour,
           MIN(visib) AS visib, MAX(precip) AS precip, MAX(wind_speed) AS wind_speed
    FROM weather GROUP BY origin, time_hour
) AS measured ON measured.origin = flights.origin AND measured.time_hour = flights.time_hour"""


def delays(ask: Ask, late_minutes: int = 15, min_flights: int = 300) -> Delays:
    """All of it. Carriers and routes with fewer than ``min_flights`` arrivals are left out."""

    def groups(by: str, tables: str = "flights") -> list[Group]:
        return [_group(row) for row in ask(_by(by, tables, late_minutes))]

    def bands(conditions: dict[str, str]) -> list[Group]:
        found = groups(_case(conditions), WEATHER)
        return _in_order(found, conditions)

    whole = _whole(ask, late_minutes)
    sky = {each.name: each for each in bands(FAIR_OR_FOUL)}
    return Delays(
        late_minutes=late_minutes,
        scheduled=whole["scheduled"],
        cancelled=whole["cancelled"],
        first_month=_month(whole["first_month"]),
        last_month=_month(whole["last_month"]),
        arrived=_group(whole),
        carriers=_latest(groups("COALESCE(airlines.name, flights.carrier)", CARRIERS), min_flights),
        routes=_latest(groups("CONCAT(origin, ' → ', dest)"), min_flights),
        hours=sorted(groups("hour"), key=lambda group: int(group.name)),
        weather={measured: bands(conditions) for measured, conditions in BANDS.items()},
        fair=sky.get("fair"),
        foul=sky.get("foul"),
    )


def markdown(found: Delays, picture: bytes) -> str:
    """The findings for people: words, the PNG inside the text, tables."""
    period = found.first_month
    if found.last_month != period:
        period += f" to {found.last_month}"
    lines = [
        f"# Who runs late: {period}",
        f"Of **{found.arrived.flights:,}** flights that arrived, **{found.arrived.share:.1%}** "
        f"were {found.late_minutes} minutes late or more. {found.cancelled:,} of the "
        f"{found.scheduled:,} scheduled were cancelled.",
    ]
    if found.fair and found.foul:
        lines.append(
            f"**Weather.** In fair hours {found.fair.share:.1%} ran late, in foul ones (rain, "
            f"snow, visibility under 3 miles or wind from 20 mph) {found.foul.share:.1%}. Had the "
            f"foul hours been like the fair, {found.due_to_weather:.0%} fewer would be late."
        )
    lines.append(f"![{period}](data:image/png;base64,{b64encode(picture).decode()})")
    for title, groups in (
        ("Carriers", found.carriers),
        ("The ten latest routes", found.routes[:10]),
        ("Scheduled hour of departure", found.hours),
        *found.weather.items(),
    ):
        lines += [f"## {title}", _table(groups)]
    return "\n\n".join(lines)


def rows(found: Delays) -> list[Row]:
    """The same as one table, to sort and to search."""
    by = {
        "carrier": found.carriers,
        "route": found.routes,
        "hour": found.hours,
        **{name.lower(): groups for name, groups in found.weather.items()},
    }
    return [
        {
            "by": what,
            "which": group.name,
            "flights": group.flights,
            "late": group.late,
            "late %": round(100 * group.share, 1),
            "mean delay, min": round(group.mean_delay, 1),
        }
        for what, groups in by.items()
        for group in groups
    ]


def _whole(ask: Ask, late_minutes: int) -> Row:
    [whole] = ask(
        f"SELECT 'all' AS name, {_arrivals(late_minutes)}, "  # noqa: S608
        "COUNT(*) AS scheduled, "
        "SUM(CASE WHEN dep_time IS NULL THEN 1 ELSE 0 END) AS cancelled, "
        "MIN(year * 100 + month) AS first_month, MAX(year * 100 + month) AS last_month "
        "FROM flights"
    )
    if not whole["arrivals"]:
        raise NotIngested("the warehouse has no flights that arrived")
    return whole


def _by(what: str, tables: str, late_minutes: int) -> str:
    return (
        f"SELECT {what} AS name, {_arrivals(late_minutes)} "  # noqa: S608
        f"FROM {tables} WHERE arr_delay IS NOT NULL GROUP BY 1"
    )


def _arrivals(late_minutes: int) -> str:
    return (
        "COUNT(arr_delay) AS arrivals, AVG(arr_delay) AS mean_delay, "
        f"SUM(CASE WHEN arr_delay >= {late_minutes:d} THEN 1 ELSE 0 END) AS late"
    )


def _case(conditions: dict[str, str]) -> str:
    cases = " ".join(f"WHEN {sql} THEN '{name}'" for name, sql in conditions.items())
    return f"CASE {cases} END"


def _group(row: Row) -> Group:
    return Group(str(row["name"]), row["arrivals"], int(row["late"]), float(row["mean_delay"]))


def _in_order(groups: Iterable[Group], names: Iterable[str]) -> list[Group]:
    by_name = {group.name: group for group in groups}  # what was not measured has no band
    return [by_name[name] for name in names if name in by_name]


def _latest(groups: Iterable[Group], min_flights: int) -> list[Group]:
    enough = [group for group in groups if group.flights >= min_flights]
    return sorted(enough, key=lambda group: (-group.share, group.name))


def _month(number: int) -> str:
    return f"{number // 100}-{number % 100:02}"


def _table(groups: Iterable[Group]) -> str:
    lines = ["| | flights | late | mean delay |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {group.name} | {group.flights:,} | {group.share:.1%} | {group.mean_delay:.0f} min |"
        for group in groups
    ]
    return "\n".join(lines)
