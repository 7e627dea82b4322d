"""Callers with certificates of their own: who makes them, how a client shows them, and what the ledger says of it."""

import ssl
from base64 import b64encode

import httpx

from gateway.caller_tls import CallerFiles, CallerPort
from gateway.federation.certificates import thumbprint
from tests.support.federation import enrolled


class Certificates:
    """The gateway's own certificate, and the authority whose certificates it takes, as files."""

    def __init__(self, folder):
        self._folder = folder
        self._server = enrolled(folder / "server", "E08000009")
        self.authority = enrolled(folder / "authority", "E08000009")
        self.stranger = enrolled(folder / "stranger", "E08000009")
        self.file = folder / "authorities.pem"
        self.believe(self.authority)

    def believe(self, *authorities):
        """Say whose certificates are taken."""
        self.file.write_bytes(b"".join(one.issuer for one in authorities))

    def caller(self, name, *, by=None, **stated):
        """Somebody with a certificate by an authority, the one that is believed first unless stated."""
        by = by or self.authority
        made = enrolled(self._folder / name, "E08000009")
        return made.renew(issuer=by.issuer, issuer_key=by.issuer_key, **stated)

    @property
    def settings(self):
        """The settings of a gateway that takes them."""
        own = self._server.own
        return {"tls_cert_file": own.certificate, "tls_key_file": own.key, "tls_client_ca_file": self.file}

    def port(self):
        own = self._server.own
        return CallerPort(CallerFiles(certificate=own.certificate, key=own.key, authorities=self.file))

    def shown_by(self, caller=None):
        """The TLS of a client that shows somebody's certificate, or none."""
        context = ssl.create_default_context(cadata=self._server.member.issuers[0])
        if caller is not None:
            caller.own.load(context)
        return context

    def http(self, address, caller=None):
        """A client with one connection, which stays until the server lets go of it."""
        one = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
        return httpx.AsyncClient(base_url=address, verify=self.shown_by(caller), limits=one, timeout=60)


def bound_to(caller):
    """What a token says that is good for a caller's certificate only."""
    return thumbprint(caller.certificate)


def handed_on(caller):
    """A caller's certificate as a proxy puts it into a header."""
    return f":{b64encode(caller.certificate).decode()}:"


async def reason_of(database, answer):
    """Why the ledger says that an ask was refused; None of one that was answered or is not there."""
    rows = await database.fetch(
        "SELECT entry::jsonb #>> '{outcome,codes,0,reason}' AS reason FROM ledger_entry WHERE request_id = $1",
        answer.headers["x-request-id"],
    )
    return rows[0]["reason"] if rows else None
