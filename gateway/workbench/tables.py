"""The matrix as tables for people: equal columns and equal rows stand together, so that what differs is seen."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.disclosure.question import FieldDecision
from gateway.vocabulary import RecordType
from gateway.workbench.axes import Approach
from gateway.workbench.book import Book
from gateway.workbench.matrix import Matrix, Place, decision_document, place_document

_Lines = Mapping[tuple[str, ...], tuple[FieldDecision | None, ...]]


class Columns(StrEnum):
    """What stands in the columns; fields stand in the rows."""

    CLASS = "class"
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Some cells of a matrix; `columns` and `rows` hold the names that share one column or row.

    A cell is None where there can be no such record.
    """

    title: str
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[tuple[str, ...], tuple[FieldDecision | None, ...]], ...]


def tables(matrix: Matrix, book: Book, columns: Columns) -> list[Table]:
    """Return one table for each role and type, or with roles as columns one for each type and class."""
    if columns is Columns.CLASS:
        return list(_by_class(matrix, book))
    return list(_by_role(matrix, book))


def as_csv(matrix: Matrix) -> str:
    """Return a line for each cell, lists joined with spaces."""
    written = io.StringIO()
    names = ["role", "purpose", "type", "field", "class", "effect", "reasons", "tell", "remedy", "obligations"]
    lines = csv.DictWriter(written, names, lineterminator="\n")
    lines.writeheader()
    for place, decision in matrix.cells.items():
        values = {**place_document(place), **decision_document(decision)}
        lines.writerow({name: " ".join(value) if isinstance(value, list) else value for name, value in values.items()})
    return written.getvalue()


def _by_class(matrix: Matrix, book: Book) -> Iterable[Table]:
    fields = _fields(matrix)
    for approach in matrix.axes.approaches:
        for kind, names in fields.items():
            classes = [named.name for named in matrix.axes.classes]
            columns: _Lines = {
                (named,): tuple(_cell(matrix, approach, kind, name, named) for name in names) for named in classes
            }
            there = {name: column for name, column in columns.items() if any(cell is not None for cell in column)}
            title = f"{kind} — {book.role_title(approach.role)} ({approach.role}), {approach.purpose}"
            yield _table(title, names, there)


def _by_role(matrix: Matrix, book: Book) -> Iterable[Table]:
    for named in matrix.axes.classes:
        for kind, names in _fields(matrix).items():
            columns: _Lines = {
                (_label(matrix, approach),): tuple(_cell(matrix, approach, kind, name, named.name) for name in names)
                for approach in matrix.axes.approaches
            }
            if any(cell is not None for column in columns.values() for cell in column):
                yield _table(f"{kind} — {named.title} ({named.name})", names, columns)


def _table(title: str, names: Sequence[str], columns: _Lines) -> Table:
    together = _merged(columns)
    rows: _Lines = {(name,): tuple(column[at] for column in together.values()) for at, name in enumerate(names)}
    merged = _merged(rows)
    return Table(title=title, columns=tuple(together), rows=tuple(merged.items()))


def _merged(lines: _Lines) -> _Lines:
    alike: dict[tuple[FieldDecision | None, ...], tuple[str, ...]] = {}
    for names, cells in lines.items():
        alike[cells] = (*alike.get(cells, ()), *names)
    return {names: cells for cells, names in alike.items()}


def _cell(matrix: Matrix, approach: Approach, kind: RecordType, field: str, named: str) -> FieldDecision | None:
    return matrix.cells.get(Place(approach=approach, type=kind, field=field, class_name=named))


def _fields(matrix: Matrix) -> Mapping[RecordType, list[str]]:
    found: dict[RecordType, list[str]] = {}
    for kind, name in matrix.axes.fields:
        found.setdefault(kind, []).append(name)
    return found


def _label(matrix: Matrix, approach: Approach) -> str:
    # The purpose is said only where a role stands there with several.
    alone = sum(other.role == approach.role for other in matrix.axes.approaches) == 1
    return approach.role if alone else f"{approach.role} ({approach.purpose})"
