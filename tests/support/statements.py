"""The statements that asks send to the database, without those that a gateway sends by the clock."""

from connectors.postgres.database import Database
from gateway import logs


def note_statements(monkeypatch, *methods):
    """The statements sent through a pool from now on by what belongs to a request, in order."""
    statements = []

    def noted(method):
        async def noting(self, sql, *arguments):
            if logs.REQUEST.get() is not None:
                statements.append(sql)
            return await method(self, sql, *arguments)

        return noting

    for name in methods:
        monkeypatch.setattr(Database, name, noted(getattr(Database, name)))
    return statements
