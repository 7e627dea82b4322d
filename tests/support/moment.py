"""A moment that a test moves on, and a client whose tokens are made at it."""

from datetime import timedelta

from tests.support.builders import NOW
from tests.support.gateway import Client


class Moment:
    """The moment it is for the gateway."""

    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at

    def pass_(self, **time):
        self.at += timedelta(**time)


class ClientOfTheMoment(Client):
    """Asks with a token made at the moment that it is."""

    def __init__(self, client, clock):
        super().__init__(client.http, client.data_dir, client.app)
        self.clock = clock

    def token(self, persona, **changed):
        return super().token(persona, **({"issued_at": int(self.clock().timestamp()) - 60} | changed))
