"""A TLS server of this machine, vouched for by an issuer made up for it."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from gateway.federation.enrolment import certificate_request, issue, new_tls_key, self_made_issuer


def made_up_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server on 127.0.0.1 shows, and the file of the issuer that a client would have to trust."""
    now = datetime.now(UTC)
    issuer_key, key = new_tls_key(), new_tls_key()
    root = self_made_issuer(issuer_key, name="Made-up issuer", at=now, days=2)
    request = certificate_request(key, name="server", uri="urn:server", endpoints=["https://127.0.0.1:1"])
    paths = {
        "root.pem": root,
        "key.pem": key,
        "server.pem": issue(request, issuer=root, issuer_key=issuer_key, at=now, days=1),
    }
    for name, content in paths.items():
        (folder / name).write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "key.pem")
    return context, folder / "root.pem"
