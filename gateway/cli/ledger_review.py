"""`gateway ledger review`: what in the asks of the authority's callers a person should look at."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.ledger_secret import ledger_master_key
from connectors.postgres.ledger import OpeningLedgerReader
from connectors.postgres.ledger_keys import SealingKeys
from connectors.postgres.review_cases import PostgresReviewCases
from connectors.postgres.reviewing import PostgresLooks
from gateway.cli.ledger_running import counted, ledger_database
from gateway.cli.running import console, run
from gateway.records import AccessReviewCase
from gateway.reviewing.finding import Finding, Period, reference
from gateway.reviewing.looks import Commonness, Stretch
from gateway.reviewing.reviewing import Review, review
from gateway.reviewing.thresholds import LOCAL_TIME, Thresholds
from gateway.settings import Settings
from gateway.vocabulary import AuthorityCode, PersonId, ReviewPattern, ReviewState

EXIT_FOUND: Final = 1
REVIEW_TIMEOUT: Final = 3_600.0
"""Seconds that one review may take: a night's job has time."""
USUAL_DAYS: Final = 28
SHOWN: Final = 5
"""Entry numbers in one row of the table; `--json` has more."""

Cases = Mapping[PersonId, AccessReviewCase]


def review_callers(
    first: Annotated[
        datetime | None,
        typer.Option("--from", help="First local day. Unset: four weeks up to `--to`.", formats=["%Y-%m-%d"]),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", help="Last local day. Unset: yesterday.", formats=["%Y-%m-%d"])
    ] = None,
    pattern: Annotated[list[ReviewPattern] | None, typer.Option(help="Only this pattern; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the numbers of the entries.")] = False,
) -> None:
    """Look for patterns in how callers of this authority used the directory, for a person to judge.

    Exits with 0 if there is nothing that a case has not cleared, with 1 if there is; a finding proves nothing.
    """
    period = _period(None if first is None else first.date(), None if last is None else last.date())

    async def act(settings: Settings) -> bool:
        found, cases = await _reviewed(settings, period, pattern or list(ReviewPattern))
        if as_json:
            typer.echo(orjson.dumps(_document(found, cases, period), option=orjson.OPT_INDENT_2).decode())
        else:
            _show(found, cases, period)
        return any(_state(finding, cases) is not ReviewState.CLEARED for finding in found.findings)

    if run(act):
        raise typer.Exit(EXIT_FOUND)


def _period(first: date | None, last: date | None) -> Period:
    last = last or datetime.now(UTC).astimezone(LOCAL_TIME).date() - timedelta(days=1)
    first = first or last - timedelta(days=USUAL_DAYS - 1)
    if last < first:
        raise typer.BadParameter("--to is before --from")
    return Period(first=first, last=last)


async def _reviewed(settings: Settings, period: Period, patterns: Sequence[ReviewPattern]) -> tuple[Review, Cases]:
    authority = AuthorityCode(settings.authority)
    async with ledger_database(settings) as database:
        reader = OpeningLedgerReader(database, SealingKeys(ledger_master_key(settings)))
        looks = PostgresLooks(database, reader, within=REVIEW_TIMEOUT)
        with counted("Reviewing", await looks.callers(authority, period)) as advance:
            found = await review(
                _Counted(looks, advance),
                authority,
                period,
                thresholds=Thresholds.of(settings),
                patterns=patterns,
            )
        persons = list(dict.fromkeys(finding.caller.person for finding in found.findings))
        cases = PostgresReviewCases(database)
        return found, await cases.latest(persons, authority, first_day=period.first, last_day=period.last)


class _Counted:
    """Looks that move a bar on, caller by caller."""

    def __init__(self, looks: PostgresLooks, advance: Callable[[int], None]) -> None:
        self._looks = looks
        self._advance = advance

    async def stretches(
        self, authority: AuthorityCode, period: Period, *, thresholds: Thresholds, commonness: Commonness
    ) -> AsyncGenerator[Stretch, None]:
        """Stream what each caller did."""
        async for stretch in self._looks.stretches(authority, period, thresholds=thresholds, commonness=commonness):
            self._advance(1)
            yield stretch


def _state(finding: Finding, cases: Cases) -> ReviewState | None:
    case = cases.get(finding.caller.person)
    return None if case is None else case.state


def _document(found: Review, cases: Cases, period: Period) -> dict[str, Any]:
    return {
        "from": period.first,
        "to": period.last,
        "callers": found.callers,
        "entries": found.looks,
        "findings": [
            {
                "id": reference(period, finding),
                "person": finding.caller.person,
                "role": finding.caller.role,
                "agency": finding.caller.agency,
                "pattern": finding.pattern,
                "explanation": finding.explanation,
                "measured": finding.measured,
                "threshold": finding.threshold,
                "entries": [look.seq for look in finding.shown],
                "entry_count": finding.entry_count,
                "case": _state(finding, cases),
            }
            for finding in found.findings
        ],
    }


def _show(found: Review, cases: Cases, period: Period) -> None:
    table = Table("person", "role", "pattern", "what was found", "entries", "case")
    for finding in found.findings:
        numbers = [str(look.seq) for look in finding.shown[:SHOWN]]
        more = finding.entry_count - len(numbers)
        table.add_row(
            _plain(finding.caller.person),
            _plain(finding.caller.role),
            finding.pattern,
            finding.explanation,
            ", ".join(numbers) + (f" and {more} more" if more else ""),
            _state(finding, cases) or "-",
        )
    if found.findings:
        Console(width=None if console.is_terminal else 200).print(table)
    shown = len({finding.caller.person for finding in found.findings})
    console.print(
        f"{period.first} to {period.last}: {found.looks:,} entries of {found.callers:,} callers; "
        f"{len(found.findings)} findings about {shown} of them. A finding proves nothing: see docs/review.md.",
        highlight=False,
    )


def _plain(text: str) -> str:
    # What a token claimed may hold anything; here it steers neither the terminal nor the table.
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in text))
