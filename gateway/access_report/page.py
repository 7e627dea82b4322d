"""The report as a page that stands alone: nothing is loaded, nothing runs, and it prints as it reads."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from gateway.access_report.report import Look, Report
from gateway.access_report.timeline import timeline

STYLE: Final = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
STYLE_HASH: Final = "sha256-" + b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""What a content security policy lets the style in by."""


def page_of(report: Report, *, extra_style: str = "") -> str:
    """Return the report as HTML; `extra_style` is for paper."""
    title = report.say("title")
    sections = list(_sections(report))
    contents = "".join(f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, heading, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(heading)}</h2>{content}</section>'
        for name, heading, content in sections
    )
    return (
        f'<!doctype html><html lang="{escape(report.words.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{extra_style}</style></head><body>"
        f'<a class="skip" href="#list">{escape(report.say("skip"))}</a>'
        f"<header><h1>{escape(title)}</h1>{_paragraph(_made(report), 'made')}</header>"
        f'<nav aria-label="{escape(report.say("contents"))}"><ul>{contents}</ul></nav>'
        f"<main>{body}</main></body></html>"
    )


def _made(report: Report) -> str:
    made = report.say("made", day=report.words.date("day", report.made), time=report.words.date("time", report.made))
    return made if report.name is None else f"{report.say('for', name=report.name)} {made}"


def _sections(report: Report) -> Iterable[tuple[str, str, str]]:
    yield "short", report.say("short_title"), _paragraph(" ".join(report.short))
    if report.looks:
        yield "picture", report.say("picture_title"), _picture(report)
    yield "list", report.say("list_title"), _looks(report)
    if report.meanings:
        yield "meanings", report.say("meanings_title"), _meanings(report)
    yield "hidden", report.say("hidden_title"), _hidden(report)
    yield "ask", report.say("ask_title"), _ask(report)
    yield "proof", report.say("proof_title"), _paragraph(" ".join(report.proof))


def _picture(report: Report) -> str:
    return f"<figure>{timeline(report)}<figcaption>{escape(report.say('picture_axis'))}</figcaption></figure>"


def _looks(report: Report) -> str:
    said = [_paragraph(report.say("list_order") if report.looks else report.say("short_none"))]
    if report.looks:
        said.append('<ol class="looks">' + "".join(_look(look) for look in report.looks) + "</ol>")
    if report.own:
        own = "".join(f"<li>{escape(look.sentence)}</li>" for look in report.own)
        said.append(f"<h3>{escape(report.say('own_title', family=report.family))}</h3>")
        said.append(f'<ul class="own">{own}</ul>')
    return "".join(said)


def _look(look: Look) -> str:
    notes = "".join(_paragraph(note, "note") for note in look.notes)
    return f"<li>{_paragraph(look.sentence)}{notes}</li>"


def _meanings(report: Report) -> str:
    pairs = (
        f"<dt>{escape(one.word[:1].upper() + one.word[1:])}</dt><dd>{escape(one.meaning)}</dd>"
        for one in report.meanings
    )
    return f"<dl>{''.join(pairs)}</dl>"


def _hidden(report: Report) -> str:
    grounds = "".join(f"<li>{escape(ground)}</li>" for ground in report.grounds)
    return (
        "".join(_paragraph(text) for text in report.hidden)
        + _paragraph(report.say("grounds_title"))
        + f"<ul>{grounds}</ul>"
    )


def _ask(report: Report) -> str:
    said = [_paragraph(text) for text in report.words.all_said("report", "ask", report.voice)]
    if report.authority is None:
        said.append(_paragraph(report.say("ask_us_unknown")))
    elif report.contacts:
        said.append(_paragraph(report.say("ask_us", authority=report.authority)))
        pairs = (
            f"<dt>{escape(': '.join(part for part in (contact.what_for, contact.name) if part))}</dt>"
            f"<dd>{escape(', '.join(contact.how))}</dd>"
            for contact in report.contacts
        )
        said.append(f"<dl>{''.join(pairs)}</dl>")
    else:
        said.append(_paragraph(report.say("ask_us_none", authority=report.authority)))
    said.append(_paragraph(report.say("complain")))
    return "".join(said)


def _paragraph(text: str, kind: str | None = None) -> str:
    return f"<p>{escape(text)}</p>" if kind is None else f'<p class="{kind}">{escape(text)}</p>'
