"""The matrix as a page of its own: no script, no other file, readable in print, in the dark and without colour."""

from collections.abc import Sequence
from html import escape

from gateway.disclosure.question import FieldDecision
from gateway.vocabulary import Effect
from gateway.workbench.axes import NAMED_CLASSES
from gateway.workbench.sentences import EFFECTS, MEANINGS
from gateway.workbench.tables import Table

_STYLE = """
:root { color-scheme: light dark; --disclose: #d5f0d8; --mask: #fdf0c4; --withhold: #fbd9c9; --conceal: #e3dfe8;
  --line: #888; }
@media (prefers-color-scheme: dark) { :root { --disclose: #17401f; --mask: #4a3b05; --withhold: #571f0d;
  --conceal: #35303d; } }
body { font: 1rem/1.4 system-ui, sans-serif; margin: 1.5rem; }
table { border-collapse: collapse; margin: 0 0 2rem; break-inside: avoid; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { font-weight: 600; } thead th { vertical-align: bottom; }
td small { display: block; } dt { display: inline-block; padding: .1rem .5rem; border: 1px solid var(--line); }
.disclose { background: var(--disclose); } .mask { background: var(--mask); }
.withhold { background: var(--withhold); } .conceal { background: var(--conceal); }
.wide { overflow-x: auto; }
@media print { body { margin: 0; font-size: 9pt; } .wide { overflow: visible; }
  td, dt { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(shown: Sequence[Table], *, revision: str, engine: str) -> str:
    """Return the HTML of a page with these tables."""
    legend = "".join(
        f'<div><dt class="{effect.value}">{EFFECTS[effect]}</dt> <dd>{MEANINGS[effect]}</dd></div>' for effect in Effect
    )
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Who is told what: revision {escape(revision)}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"<h1>Who is told what</h1><p>Revision {escape(revision)} of the rules, decided by the engine "
        f"{escape(engine)}.</p><dl>{legend}</dl>\n{''.join(_table(table) for table in shown)}"
        f"{_classes(shown)}</main></body></html>\n"
    )


def _classes(shown: Sequence[Table]) -> str:
    """Return what the classes are that stand over the columns: their names are short, and a page is read by itself."""
    met = {name for table in shown for names in table.columns for name in names}
    said = [f"<li><b>{named.name}</b>: {escape(named.title)}</li>" for named in NAMED_CLASSES if named.name in met]
    return f"<h2>The classes of records</h2><ul>{''.join(said)}</ul>\n" if said else ""


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_names(names)}</th>' for names in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{_names(names)}</th>{"".join(_cell(cell) for cell in cells)}</tr>\n'
        for names, cells in table.rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}"><table>'
        f"<caption>{escape(table.title)}</caption>"
        f'<thead><tr><th scope="col">field</th>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>\n'
    )


def _names(names: Sequence[str]) -> str:
    return "<br>".join(escape(name) for name in names)


def _cell(cell: FieldDecision | None) -> str:
    if cell is None:
        return "<td>no such record</td>"
    why = "" if cell.effect is Effect.DISCLOSE else f"<small>{escape(', '.join(cell.reasons))}</small>"
    return f'<td class="{cell.effect.value}">{EFFECTS[cell.effect]}{why}</td>'
