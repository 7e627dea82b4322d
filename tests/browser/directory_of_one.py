"""A GraphQL endpoint of one question, and two personas who ask it."""

import strawberry
from strawberry.asgi import GraphQL

from gateway.pages.graphiql import PagePersona

PERSONAS = (
    PagePersona(
        key="health-visitor",
        title="Hana, health visitor",
        token="token-of-hana",
        purpose="safeguarding",
        reason="Two-year review, no other contact known",
        example="# Who else works with this child?\nquery WhoAsks {\n  whoAsks\n}\n",
    ),
    PagePersona(
        key="teacher",
        title="Tom, teacher",
        token="token-of-tom",
        purpose="education",
        reason="",
        example="query WhatFor {\n  whatFor\n}\n",
    ),
)


@strawberry.type
class Query:
    """What the endpoint was told in the request's headers."""

    @strawberry.field
    def who_asks(self, info: strawberry.Info) -> str:
        """Return the token."""
        return info.context["request"].headers["authorization"]

    @strawberry.field
    def what_for(self, info: strawberry.Info) -> str:
        """Return the purpose."""
        return info.context["request"].headers["access-purpose"]


graphql = GraphQL(strawberry.Schema(Query), graphql_ide=None, allow_queries_via_get=False)
