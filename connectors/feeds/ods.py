"""The register of GP practices: the `epraccur` file of the Organisation Data Service, as values.

27 columns without a header. Of the practice's place in the health service (parent organisation, national grouping,
relationship periods) nothing is kept: it says nothing about who works with a child.
"""

import re
from dataclasses import dataclass

from connectors.feeds.cells import read_date, read_postcode
from connectors.feeds.files import FeedFile, read_rows, unreadable
from connectors.feeds.outcome import Refusal, RowRefused, Tally
from connectors.feeds.setting_store import Register, SettingRow
from gateway.vocabulary import SettingKind

REGISTER = Register(
    source="ods",
    key="ods_code",
    states=("opened_on", "closed_on", "address_lines", "postcode", "telephone"),
)
COLUMNS = 27
GP_PRACTICE = "4"
STATUSES = {"A": "OPEN", "C": "CLOSED", "D": "DORMANT", "P": "PROPOSED"}

_CODE = re.compile(r"[A-Z0-9]{3,10}")


@dataclass(frozen=True, slots=True)
class _Cells:
    code: str
    name: str
    address: list[str]
    postcode: str
    opened: str
    closed: str
    status: str
    telephone: str
    prescribing_setting: str

    @classmethod
    def of(cls, cells: list[str] | None) -> "_Cells":
        if cells is None:
            raise RowRefused("row-unreadable")
        if len(cells) != COLUMNS:
            raise RowRefused("row-length")
        return cls(cells[0], cells[1], cells[4:9], cells[9], cells[10], cells[11], cells[12], cells[17], cells[25])


def read_practices(file: FeedFile, tally: Tally) -> list[SettingRow]:
    """Return the GP practices of the file; every other row is refused in the tally.

    Raises:
        FeedUnreadable: No row of the file has the columns of `epraccur`.
    """
    rows = read_rows(file, encoding="utf-8-sig")
    if not any(cells is not None and len(cells) == COLUMNS for _, cells in rows):
        raise unreadable(file.name, "file-columns", f"No row has the {COLUMNS} columns of the practice file.")
    practices: dict[str, SettingRow] = {}
    for number, cells in rows:
        try:
            practice, left_out = _practice(_Cells.of(cells))
            if practice.code in practices:
                raise RowRefused("ods-code-repeated", field="code")
        except RowRefused as refused:
            tally.refuse(number, refused.refusal)
        else:
            practices[practice.code] = practice
            tally.leave_out(number, left_out)
    return list(practices.values())


def _practice(cells: _Cells) -> tuple[SettingRow, list[Refusal]]:
    if not _CODE.fullmatch(cells.code):
        raise RowRefused("ods-code-format", field="code")
    if cells.prescribing_setting != GP_PRACTICE:
        raise RowRefused("not-a-gp-practice", field="prescribing-setting")
    if not cells.name:
        raise RowRefused("name-missing", field="name")
    if cells.status not in STATUSES:
        raise RowRefused("status-unknown", field="status")
    postcode = read_postcode(cells.postcode)
    practice = SettingRow(
        code=cells.code,
        kind=SettingKind.GP_PRACTICE,
        name=cells.name,
        status=STATUSES[cells.status],
        opened_on=read_date(cells.opened, "%Y%m%d", field="open-date"),
        closed_on=read_date(cells.closed, "%Y%m%d", field="close-date"),
        address_lines=tuple(line for line in cells.address if line),
        postcode=postcode,
        telephone=cells.telephone or None,
    )
    badly_coded = cells.postcode and postcode is None
    return practice, [Refusal(reason="postcode-format", field="postcode")] if badly_coded else []
