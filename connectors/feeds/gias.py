"""The register of schools: the establishment file of Get Information About Schools and its links, as values.

Columns go by their names, because extracts carry more or fewer of them. Both files are in cp1252.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connectors.feeds.cells import read_date, read_postcode
from connectors.feeds.files import FeedFile, read_rows, unreadable
from connectors.feeds.outcome import Refusal, RowRefused, Tally
from connectors.feeds.setting_store import Register, SettingRow
from gateway.vocabulary import SettingKind

SOURCE = "gias"
ENCODING = "cp1252"
DATE_FORM = "%d-%m-%Y"

SCHOOL_COLUMNS = (
    "URN",
    "LA (code)",
    "EstablishmentNumber",
    "EstablishmentName",
    "EstablishmentTypeGroup (name)",
    "EstablishmentStatus (name)",
)
LINK_COLUMNS = ("URN", "LinkURN", "LinkType", "LinkEstablishedDate")
ADDRESS_COLUMNS = ("Street", "Locality", "Address3", "Town", "County (name)")
STATED_BY = {
    "OpenDate": "opened_on",
    "CloseDate": "closed_on",
    "Street": "address_lines",
    "Postcode": "postcode",
    "TelephoneNum": "telephone",
    "UKPRN": "ukprn",
}
STATUSES = {
    "Open": "OPEN",
    "Open, but proposed to close": "OPEN",
    "Closed": "CLOSED",
    "Proposed to open": "PROPOSED",
}
KINDS_BY_GROUP = {
    "Academies": SettingKind.SCHOOL,
    "Free Schools": SettingKind.SCHOOL,
    "Independent schools": SettingKind.SCHOOL,
    "Local authority maintained schools": SettingKind.SCHOOL,
    "Welsh schools": SettingKind.SCHOOL,
    "Special schools": SettingKind.SPECIAL_SCHOOL,
    "Colleges": SettingKind.COLLEGE,
}
KINDS_BY_TYPE = {
    "nursery": SettingKind.NURSERY,
    "special": SettingKind.SPECIAL_SCHOOL,
    "pupil referral unit": SettingKind.ALTERNATIVE_PROVISION,
    "alternative provision": SettingKind.ALTERNATIVE_PROVISION,
    "sixth form": SettingKind.COLLEGE,
    "16 to 19": SettingKind.COLLEGE,
    "16-19": SettingKind.COLLEGE,
}
"""What the finer type, where the file has it, says above the group; the first word found counts."""

RELATIONS = {
    "predecessor": "PREDECESSOR",
    "successor": "SUCCESSOR",
    "merged": "MERGED",
    "split": "SPLIT",
    "sixth form": "SIXTH_FORM",
}
"""By how the register's words begin: the direction comes first, so 'Successor - merged' is a successor."""

_URN = re.compile(r"[0-9]{5,6}")
_UKPRN = re.compile(r"[0-9]{8}")
_AUTHORITY = re.compile(r"[0-9]{3}")
_ESTABLISHMENT = re.compile(r"[0-9]{4}")

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """That one establishment is, say, the successor of another; `link_type` in the register's own words."""

    urn: str
    linked_urn: str
    relation: str
    link_type: str
    established_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schools:
    """The rows of an establishment file and the columns it speaks of."""

    rows: Sequence[SettingRow]
    register: Register


def read_schools(file: FeedFile, tally: Tally, *, authorities: Mapping[str, str]) -> Schools:
    """Return the establishments; rows that cannot be taken are refused in the tally.

    `authorities` maps the three-digit code to the GSS code.

    Raises:
        FeedUnreadable: The file lacks a column that is needed, or is in another encoding.
    """
    header, rows = _table(file, SCHOOL_COLUMNS)
    schools: dict[str, SettingRow] = {}
    for number, cells in rows:
        try:
            school, left_out = _school(_named(header, cells), authorities)
            if school.code in schools:
                raise RowRefused("urn-repeated", field="URN")
        except RowRefused as refused:
            tally.refuse(number, refused.refusal)
        else:
            schools[school.code] = school
            tally.leave_out(number, left_out)
    states = {"laestab", "authority", *(value for column, value in STATED_BY.items() if column in header)}
    return Schools(rows=list(schools.values()), register=Register(source=SOURCE, key="urn", states=states))


def read_links(file: FeedFile, tally: Tally) -> list[Link]:
    """Return the links that can be taken; raises as `read_schools` does."""
    header, rows = _table(file, LINK_COLUMNS)
    links: dict[tuple[str, str, str], Link] = {}
    for number, cells in rows:
        try:
            link = _link(_named(header, cells))
            key = (link.urn, link.linked_urn, link.link_type)
            if key in links:
                raise RowRefused("link-repeated", field="LinkURN")
        except RowRefused as refused:
            tally.refuse(number, refused.refusal)
        else:
            links[key] = link
    return list(links.values())


def _table(file: FeedFile, needed: Sequence[str]) -> tuple[list[str], list[tuple[int, list[str] | None]]]:
    rows = read_rows(file, encoding=ENCODING)
    header = (rows[0][1] if rows else None) or []
    missing = [column for column in needed if column not in header]
    if missing:
        raise unreadable(file.name, "file-columns", f"The file lacks the columns {', '.join(missing)}.")
    return header, rows[1:]


def _named(header: list[str], cells: list[str] | None) -> Cells:
    if cells is None:
        raise RowRefused("row-unreadable")
    if len(cells) != len(header):
        raise RowRefused("row-length")
    return dict(zip(header, cells, strict=True))


def _school(cells: Cells, authorities: Mapping[str, str]) -> tuple[SettingRow, list[Refusal]]:
    status = STATUSES.get(cells["EstablishmentStatus (name)"])
    if status is None:
        raise RowRefused("status-unknown", field="EstablishmentStatus (name)")
    if not cells["EstablishmentName"]:
        raise RowRefused("name-missing", field="EstablishmentName")
    school = SettingRow(
        code=_urn(cells, "URN"),
        kind=_kind(cells),
        name=cells["EstablishmentName"],
        status=status,
        opened_on=read_date(cells.get("OpenDate", ""), DATE_FORM, field="OpenDate"),
        closed_on=read_date(cells.get("CloseDate", ""), DATE_FORM, field="CloseDate"),
        address_lines=tuple(cells[column] for column in ADDRESS_COLUMNS if cells.get(column)),
        postcode=read_postcode(cells.get("Postcode", "")),
        telephone=cells.get("TelephoneNum") or None,
        ukprn=cells["UKPRN"] if _UKPRN.fullmatch(cells.get("UKPRN", "")) else None,
        laestab=_laestab(cells),
        authority=authorities.get(cells["LA (code)"]),
    )
    return school, [
        Refusal(reason=reason, field=column)
        for reason, column, value in (
            ("postcode-format", "Postcode", school.postcode),
            ("ukprn-format", "UKPRN", school.ukprn),
            ("authority-unknown", "LA (code)", school.authority),
        )
        if cells.get(column) and value is None
    ]


def _urn(cells: Cells, column: str) -> str:
    if not _URN.fullmatch(cells[column]):
        raise RowRefused("urn-format", field=column)
    return cells[column]


def _kind(cells: Cells) -> SettingKind:
    finer = cells.get("TypeOfEstablishment (name)", "").lower()
    for word, kind in KINDS_BY_TYPE.items():
        if word in finer:
            return kind
    return KINDS_BY_GROUP.get(cells["EstablishmentTypeGroup (name)"], SettingKind.OTHER)


def _laestab(cells: Cells) -> str | None:
    authority, establishment = cells["LA (code)"], cells["EstablishmentNumber"]
    if _AUTHORITY.fullmatch(authority) and _ESTABLISHMENT.fullmatch(establishment):
        return authority + establishment
    return None


def _link(cells: Cells) -> Link:
    link_type = cells["LinkType"]
    if not link_type:
        raise RowRefused("link-type-missing", field="LinkType")
    relation = next((value for start, value in RELATIONS.items() if link_type.lower().startswith(start)), "OTHER")
    return Link(
        urn=_urn(cells, "URN"),
        linked_urn=_urn(cells, "LinkURN"),
        relation=relation,
        link_type=link_type,
        established_on=read_date(cells["LinkEstablishedDate"], DATE_FORM, field="LinkEstablishedDate"),
    )
