"""The queues as partners ask for them."""

PAGE = (
    "{ id queue state since ageDays child { givenName familyName } owner { name agency { name } } action outcome"
    " reopensOn workedAt workedBy history { action outcome reopensOn recordedBy recordedAt }"
    " withheld { field reason } }"
)
COUNT = "{ ageBand number withheld { field reason } }"
_TEXT = """
query Queue($first: Int!, $after: String, $state: QueueState!, $authority: LocalAuthorityCode!) {{
  {queue}(authority: $authority, first: $first, after: $after, state: $state) {{
    edges {{ cursor node {page} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
    waiting {count} waitingByAge {count}
  }}
}}"""


class Queues:
    """Asks for pages of a queue in somebody's name."""

    def __init__(self, client, persona):
        self.client = client
        self.persona = persona

    async def answer(
        self, queue="missingEducation", *, by=None, first=20, after=None, state="OPEN", authority="E08000009"
    ):
        """The whole answer."""
        text = _TEXT.format(queue=queue, page=PAGE, count=COUNT)
        variables = {"first": first, "after": after, "state": state, "authority": authority}
        return await self.client.ask(by or self.persona, text, variables)

    async def page(self, queue="missingEducation", **asked):
        """What the answer says of the queue."""
        answer = await self.answer(queue, **asked)
        assert answer.codes == [], answer.messages
        return answer.data[queue]

    async def entries(self, queue="missingEducation", **asked):
        """The entries of one page."""
        return [edge["node"] for edge in (await self.page(queue, **asked))["edges"]]

    async def names(self, queue="missingEducation", **asked):
        """The given names on one page."""
        return [entry["child"]["givenName"] for entry in await self.entries(queue, **asked)]
