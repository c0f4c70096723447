"""What lands: the tables, their columns and types. To take in a new column, declare it here."""

from typing import Literal

import pyarrow as pa

MONTHLY = ("flights", "weather")  # a partition is a month of them: its key is 2013-01
SNAPSHOTS = ("airlines", "airports", "planes")  # one file is the whole table
SNAPSHOT = "all"  # its key; without such a file the newest of those named like 2013-01-31 counts

# A file without rows says that there was nothing. Of any other table it is taken for a mishap.
MAY_BE_EMPTY = ("flights", "weather")

# What becomes of the rows of a month whose file is no longer in the landing: they are kept, and
# each run reports them, or removed. Keep them where landed files are tidied away.
FILE_GONE: Literal["keep", "remove"] = "keep"

TEXT, WHOLE, NUMBER, INSTANT = pa.string(), pa.int64(), pa.float64(), pa.timestamp("us", "UTC")


def _schema(required: dict[str, pa.DataType], optional: dict[str, pa.DataType]) -> pa.Schema:
    fields = [pa.field(name, kind, nullable=False) for name, kind in required.items()]
    return pa.schema(fields + [pa.field(name, kind) for name, kind in optional.items()])


SCHEMAS = {
    "flights": _schema(
        {
            "year": WHOLE,  # of the scheduled departure, local time; so are month, day and hour
            "month": WHOLE,
            "day": WHOLE,
            "hour": WHOLE,
            "minute": WHOLE,
            "time_hour": INSTANT,
            "carrier": TEXT,
            "flight": WHOLE,
            "origin": TEXT,
            "dest": TEXT,
            "distance": WHOLE,  # miles
            "sched_dep_time": WHOLE,  # clock times are written 517 for 5:17
            "sched_arr_time": WHOLE,
        },
        {
            "dep_time": WHOLE,  # none: cancelled
            "dep_delay": WHOLE,  # minutes
            "arr_time": WHOLE,
            "arr_delay": WHOLE,
            "air_time": WHOLE,
            "tailnum": TEXT,
        },
    ),
    "weather": _schema(
        {
            "origin": TEXT,
            "year": WHOLE,
            "month": WHOLE,
            "day": WHOLE,
            "hour": WHOLE,
            "time_hour": INSTANT,
        },
        {
            "temp": NUMBER,  # °F
            "dewp": NUMBER,
            "humid": NUMBER,
            "wind_dir": WHOLE,
            "wind_speed": NUMBER,  # miles per hour
            "wind_gust": NUMBER,
            "precip": NUMBER,  # inches in the hour
            "pressure": NUMBER,
            "visib": NUMBER,  # miles, 10 at most
        },
    ),
    "airlines": _schema({"carrier": TEXT, "name": TEXT}, {}),
    "airports": _schema(
        {"faa": TEXT, "name": TEXT, "lat": NUMBER, "lon": NUMBER},
        {"alt": WHOLE, "tz": NUMBER, "dst": TEXT, "tzone": TEXT},
    ),
    "planes": _schema(
        {"tailnum": TEXT},
        {
            "year": WHOLE,
            "type": TEXT,
            "manufacturer": TEXT,
            "model": TEXT,
            "engines": WHOLE,
            "seats": WHOLE,
            "speed": WHOLE,
            "engine": TEXT,
        },
    ),
}
