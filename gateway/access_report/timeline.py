"""The picture: a row for each kind of work, a dot for each look, as SVG that the page around it can colour.

Words stand above their row, so that the picture is no wider than a telephone and is read there as it is elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Final

from gateway.access_report.report import Look, Report

WIDTH: Final = 360
ROW: Final = 48
WORDS: Final = 10
"""How far above the middle of a row its words stand."""
LINE: Final = 8
"""How far below it its line is."""
TOP: Final = 4
AXIS: Final = 34
DOT: Final = 6
TICKS: Final = 3
"""Dates under the picture at most."""


def timeline(report: Report) -> str:
    """Return the picture with its title and a description that says the same in words; empty without a look."""
    if not report.looks:
        return ""
    first, last = report.looks[-1].at, report.looks[0].at
    rows = _rows(report)
    height = TOP + len(rows) * ROW + AXIS
    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="timeline-title timeline-text" xmlns="http://www.w3.org/2000/svg" font-size="13">',
        f'<title id="timeline-title">{escape(report.say("picture_title"))}</title>',
        f'<desc id="timeline-text">{escape(_in_words(report, rows))}</desc>',
    ]
    for number, (kind, looks) in enumerate(rows):
        parts += _row(report, kind, looks, y=TOP + number * ROW + ROW // 2, first=first, last=last)
    parts += _axis(report, first, last, y=height - AXIS)
    return "".join([*parts, "</svg>"])


def described(report: Report) -> str:
    """Return what the picture shows, in words."""
    return _in_words(report, _rows(report)) if report.looks else report.say("picture_none")


def _rows(report: Report) -> Sequence[tuple[str, Sequence[Look]]]:
    """Return the looks of each kind of work that there is, in the order of the words."""
    kinds = report.words.document["kinds"]
    rows = [(kind, [look for look in report.looks if look.kind == kind]) for kind in kinds]
    other = [look for look in report.looks if look.kind not in kinds]
    return [(kind, looks) for kind, looks in [*rows, ("unnamed", other)] if looks]


def _in_words(report: Report, rows: Sequence[tuple[str, Sequence[Look]]]) -> str:
    said = " ".join(
        report.say("picture_row", kind=_name(report, kind), looks=_count(report, looks)) for kind, looks in rows
    )
    first, last = report.looks[-1].at, report.looks[0].at
    return report.say("picture_text", first=report.day(first), last=report.day(last), rows=said)


def _row(report: Report, kind: str, looks: Sequence[Look], *, y: int, first: datetime, last: datetime) -> Sequence[str]:
    words, y = y - WORDS + 4, y + LINE
    line = f'<line x1="0" y1="{y}" x2="{WIDTH}" y2="{y}" stroke="#9aa5b1" stroke-width="1"/>'
    label = f'<text x="0" y="{words}" fill="#1b1f24">{escape(_name(report, kind))}</text>'
    count = f'<text x="{WIDTH}" y="{words}" fill="#1b1f24" text-anchor="end">{escape(_count(report, looks))}</text>'
    dots = [
        f'<circle cx="{_place(look.at, first, last):.1f}" cy="{y}" r="{DOT}" fill="#0b5cad" fill-opacity="0.7" '
        'stroke="#ffffff" stroke-width="1"/>'
        for look in looks
    ]
    return [line, label, *dots, count]


def _axis(report: Report, first: datetime, last: datetime, *, y: int) -> Sequence[str]:
    parts = [f'<line x1="0" y1="{y}" x2="{WIDTH}" y2="{y}" stroke="#1b1f24" stroke-width="1"/>']
    shown = _ticks(first, last)
    for number, at in enumerate(shown):
        # A single date is that of all looks, and stands under the middle of them.
        x = _place(at, first, last) if len(shown) > 1 else WIDTH / 2
        anchor = (
            "middle" if len(shown) == 1 else "start" if number == 0 else "end" if number == len(shown) - 1 else "middle"
        )
        parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 5}" stroke="#1b1f24" stroke-width="1"/>')
        text = escape(report.words.date("tick", at))
        parts.append(
            f'<text x="{x:.1f}" y="{y + 20}" fill="#1b1f24" font-size="12" text-anchor="{anchor}">{text}</text>'
        )
    return parts


def _ticks(first: datetime, last: datetime) -> Sequence[datetime]:
    """Return moments to be named: the ends, and between them some that are far enough apart."""
    days = (last - first) // timedelta(days=1)
    steps = min(TICKS - 1, max(days, 0))
    if steps == 0:
        return [first]
    return [first + (last - first) * number / steps for number in range(steps + 1)]


def _place(at: datetime, first: datetime, last: datetime) -> float:
    inner = DOT + 2
    left, right = inner, WIDTH - inner
    span = (last - first).total_seconds()
    if span == 0:
        return (left + right) / 2
    return left + (right - left) * (at - first).total_seconds() / span


def _name(report: Report, kind: str) -> str:
    return report.words.code("kinds", kind) or kind


def _count(report: Report, looks: Sequence[Look]) -> str:
    if len(looks) == 1:
        return report.say("looks_one")
    return report.say("looks_many", number=report.number(len(looks)))
