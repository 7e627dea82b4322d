"""Ask for a report: the same road as any ask, a page of the log at a time, each ask recorded."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from gateway.access_report.report import Answered, Report, Seal, report_of
from gateway.access_report.words import Words
from gateway.asked import Operation
from gateway.reply import Reply

PAGES_LIMIT: Final = 20
"""Pages of the log in one report at most; each is an ask of its own."""

DOCUMENT: Final = """query AccessReport($child: ID!, $after: String, $reader: LogReader) {
  child(by: { id: $child }) { givenName }
  me { role authority { name safeguardingContacts { role name telephone email hours } } }
  accessLog(child: $child, first: 100, after: $after, readBy: $reader) {
    edges { node {
      at person role agency mediatedFor purpose reason fieldsInWords erased withheldUntil withheldGround
      withheld { field reason }
    } }
    pageInfo { hasNextPage endCursor }
    withheld { field reason }
  }
}"""

Answer = Callable[[Operation], Awaitable[Reply]]
Sealed = Callable[[], Awaitable[Seal | None]]


async def report_for(
    child: str, reader: str | None, *, answer: Answer, sealed: Sealed, words: Words, clock: Callable[[], datetime]
) -> Report | Reply:
    """Return the report on a child's log, or the reply that says why there is none.

    `answer` takes an operation over the whole road: identified, decided, recorded, told.
    """
    pages: list[Mapping[str, Any]] = []
    after: str | None = None
    while len(pages) < PAGES_LIMIT:
        variables = {"child": child, "after": after, "reader": reader}
        reply = await answer(Operation(text=DOCUMENT, name="AccessReport", variables=variables))
        if reply.data is None:
            return reply
        pages.append(reply.data)
        info = reply.data["accessLog"]["pageInfo"]
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    last = pages[-1]["accessLog"]
    answered = Answered(
        child=pages[0]["child"],
        me=pages[0]["me"],
        entries=[edge["node"] for page in pages for edge in page["accessLog"]["edges"]],
        withheld=last["withheld"],
        more=last["pageInfo"]["hasNextPage"],
    )
    return report_of(answered, words=words, reader=reader, made=clock(), seal=await sealed())
