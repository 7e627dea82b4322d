"""Looking at a record, at its log, and keeping a look back, as partners' apps ask for it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.changes.asking import ask_change
from tests.support.builders import NOW
from tests.support.ids import child_id

LOG = """query Log($child: ID!, $first: Int!, $after: String, $reader: LogReader) {
  accessLog(child: $child, first: $first, after: $after, readBy: $reader) {
    edges { cursor node { id number at person role agency purpose reason caseReference fields fieldsInWords erased
      withholding withheldUntil withheldGround withheld { field reason } } }
    pageInfo { hasNextPage endCursor } withheld { field reason } } }"""
WITHHOLDING = """withholding { id ground reason until provisionalUntil inForce askedBy confirmedBy liftedBy liftReason
  withheld { field } }"""


@dataclass(frozen=True, kw_only=True)
class Looking:
    """Who looks, at whom, and through which gateway."""

    client: Any
    database: Any
    child: UUID
    brother: UUID
    ayesha: Any
    mother: Any
    nurse: Any
    worker: Any
    supervisor: Any
    auditor: Any
    second: Any

    async def look(self, by, fields="givenName", *, child=None, **changed):
        """Ask for something of the child's record."""
        text = f'{{ child(by: {{id: "{child_id(child or self.child)}"}}) {{ {fields} }} }}'
        answer = await self.client.ask(by, text, **changed)
        assert answer.codes == []

    async def page(self, by, *, child=None, first=50, after=None, reader=None, **changed):
        """Return the answer to asking for a page of the log."""
        variables = {"child": child_id(child or self.child), "first": first, "after": after, "reader": reader}
        return await self.client.ask(by, LOG, variables, **changed)

    async def log(self, by, **stated):
        """Return the entries of the log that somebody may see, without what they asked themselves."""
        answer = await self.page(by, **stated)
        assert answer.codes == []
        return [edge["node"] for edge in answer.data["accessLog"]["edges"]]

    async def looks(self, by, **stated):
        """Return the roles of who looked, without looks at the log itself."""
        return [
            one["role"] for one in await self.log(by, **stated) if one["purpose"] not in ("subject-access", "review")
        ]

    async def entry(self, role, *, seen_by=None, **stated):
        """Return the newest entry by a role, as the auditor sees it unless somebody else is named."""
        return next(one for one in await self.log(seen_by or self.auditor, **stated) if one["role"] == role)

    async def withhold(self, by=None, *, role="social-worker", **changed):
        """Keep the newest look by a role back."""
        seen_by = by if by in (self.supervisor, self.second) else self.auditor
        stated = {
            "child": child_id(self.child),
            "entry": changed.get("entry") or (await self.entry(role, seen_by=seen_by))["id"],
            "ground": "child-abuse-data",
            "reason": "An enquiry is under way",
            "until": (NOW + timedelta(days=60)).isoformat(),
        } | changed
        return await ask_change(self.client, by or self.auditor, "withholdLogEntry", WITHHOLDING, **stated)

    async def confirm(self, withholding, by=None):
        """Confirm a withholding."""
        return await ask_change(
            self.client, by or self.second, "confirmWithholding", WITHHOLDING, withholding=withholding
        )

    async def lift(self, withholding, by=None, reason="The enquiry is over"):
        """End a withholding."""
        return await ask_change(
            self.client, by or self.auditor, "liftWithholding", WITHHOLDING, withholding=withholding, reason=reason
        )

    def through(self, client):
        """The same through another gateway."""
        return replace(self, client=client)
