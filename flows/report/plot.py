"""The report's picture: four charts of the share of late flights, as one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flows.report.core import Delays, Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CALM, HOT, INK, FAINT = "#9db4c8", "#c8553d", "#22303c", "#8a949c"
# Words in a chart stand on paper of their own, which keeps the dashed line off them.
WORDS: dict[str, Any] = {
    "fontsize": 9,
    "color": INK,
    "va": "center",
    "bbox": {"facecolor": "white", "linewidth": 0, "pad": 1},
}
CARRIERS, ROUTES = 16, 12  # as many as a chart has room for


def png(found: Delays) -> bytes:
    """Who runs late; bars worse than the average over all flights stand out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from PIL import Image

    figure = Figure(figsize=(12, 9), layout=ConstrainedLayoutEngine(wspace=0.06, hspace=0.06))
    FigureCanvasAgg(figure)
    (carriers, routes), (hours, weather) = figure.subplots(2, 2)
    average = found.arrived.share
    _bars(carriers, "Carriers", found.carriers[:CARRIERS], average)
    _bars(routes, "Latest routes", found.routes[:ROUTES], average)
    _columns(hours, "Scheduled hour of departure", found.hours, average)
    _bands(weather, "Weather in that hour", found.weather, average)
    widest = max(chart.get_xlim()[1] for chart in (carriers, routes, weather))
    for chart in (carriers, routes, weather):
        chart.set_xlim(0, widest * 1.06)  # one scale, and room for the figure at a bar's end
    figure.suptitle(
        f"Share of flights arriving {found.late_minutes} minutes late or more, "
        f"{found.first_month} to {found.last_month}\n",
        fontsize=15,
        fontweight="bold",
        color=INK,
        x=0.01,
        ha="left",
    )
    figure.text(
        0.01,
        0.945,
        f"{found.arrived.flights:,} arrivals; dashed line: all of them, {average:.1%}; "
        "red: worse than that",
        fontsize=11,
        color=FAINT,
    )
    drawn, content = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    few_colours = Image.open(drawn).convert("RGB").quantize(64)  # a third of the size
    few_colours.save(content, "png", optimize=True)
    return content.getvalue()


def _bars(
    chart: Axes, title: str, groups: Sequence[Group], average: float, at: Sequence[float] = ()
) -> None:
    places = at or range(len(groups))
    shares = [group.share for group in groups]
    chart.barh(places, shares, color=_colours(groups, average), height=0.72)
    for where in zip(shares, places, strict=True):
        chart.annotate(f"{where[0]:.0%}", where, xytext=(5, 0), textcoords="offset points", **WORDS)
    chart.set_yticks(places, [group.name for group in groups])
    chart.margins(y=0.02)
    chart.invert_yaxis()
    chart.set_xticks([])
    chart.axvline(average, color=FAINT, linewidth=1, linestyle="--", zorder=0)
    _plain(chart, title)


def _bands(chart: Axes, title: str, weather: dict[str, Sequence[Group]], average: float) -> None:
    """One chart of bars, with a gap and a heading for each thing measured."""
    groups: list[Group] = []
    at: list[float] = []
    place = 0.0
    for measured, bands in weather.items():
        chart.text(0, place, measured, weight="bold", **WORDS)
        for band in bands:
            place += 1
            groups.append(band)
            at.append(place)
        place += 1.3
    _bars(chart, title, groups, average, at)
    chart.set_ylim(top=-0.7)  # room for the first heading


def _columns(chart: Axes, title: str, groups: Sequence[Group], average: float) -> None:
    hours = [int(group.name) for group in groups]
    chart.bar(hours, [group.share for group in groups], color=_colours(groups, average), width=0.8)
    chart.set_xticks(hours, [str(hour) for hour in hours])
    chart.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    chart.axhline(average, color=FAINT, linewidth=1, linestyle="--", zorder=0)
    _plain(chart, title)


def _colours(groups: Sequence[Group], average: float) -> list[str]:
    return [HOT if group.share > average else CALM for group in groups]


def _plain(chart: Axes, title: str) -> None:
    chart.set_title(title, loc="left", fontsize=12, fontweight="bold", color=INK, pad=8)
    chart.spines[:].set_visible(False)
    chart.tick_params(length=0, labelsize=9, labelcolor=INK)
