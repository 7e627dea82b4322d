"""The one reader of the environment: every setting, its default and what it means."""

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Network = IPv4Network | IPv6Network

WIDEST = {4: 8, 6: 16}
"""Bits that a network of proxies states at least, by the version of the protocol."""

PACKAGED_POLICIES = Path(__file__).resolve().parent.parent / "policies"
PACKAGED_WORDS = Path(__file__).resolve().parent / "access_report" / "words" / "en.json"


class Settings(BaseSettings):
    """All settings, read once at start from environment variables with the prefix `GATEWAY_`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="forbid")

    env: Literal["development", "production"] = Field(
        "development", description="In production, development tokens, GraphiQL and generated keys are refused."
    )
    authority: str = Field(
        "E08000009", pattern=r"^[EWSN]\d{8}$", description="GSS code of the local authority this gateway serves."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    allowed_hosts: str | None = Field(
        None,
        description="Names by which this gateway may be asked for (`Host`), parted by commas. Unset in development: "
        "those of this machine and GATEWAY_HOST, so that no name of somebody else's leads a browser here; unset in "
        "production: any.",
    )
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    log_format: Literal["json", "text"] | None = Field(
        None, description="Form of log lines on standard error. Unset: JSON in production, text in development."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    metrics_host: str = Field("127.0.0.1", description="Address on which `/metrics` is served.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of `/metrics`, for whoever may reach it; it serves nothing else. Unset: none are served.",
    )
    traces_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="URL of an OpenTelemetry collector that takes traces by OTLP over HTTP, such as "
        "`http://127.0.0.1:4318/v1/traces`. Unset: none are made.",
    )
    traces_share: float = Field(0.1, ge=0, le=1, description="Share of requests that are traced, chosen at random.")
    workers: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Worker processes behind the ports, kept by a parent. Unset: the one process serves by itself.",
    )
    data_dir: Path = Field(Path(".data"), description="Where the embedded database and development keys live.")

    database_url: SecretStr | None = Field(
        None, description="A PostgreSQL 15 or later. Unset: the embedded one under the data folder."
    )
    database_pool_min: int = Field(2, ge=1, description="Connections kept open.")
    database_pool_max: int = Field(10, ge=1, description="Connections opened at most.")
    database_timeout: float = Field(2.0, gt=0, description="Seconds a statement may take before it is abandoned.")

    postgres_programs: Path | None = Field(
        None, description="Folder with pg_dump and pg_restore for backups. Unset: those that come with the package."
    )

    opa_url: str | None = Field(None, description="URL of an OPA server. Unset: the embedded policy engine.")
    policies_dir: Path = Field(PACKAGED_POLICIES, description="Folder of the rule set for the embedded engine.")
    policies_interval: float = Field(
        2.0, ge=0, description="Seconds between looks at the rules' folder for a change; 0 looks at start only."
    )
    policies_key_file: Path | None = Field(
        None, description="Public key (PEM) of the policy owner. Set: unsigned, altered and older rules are refused."
    )
    decision_timeout: float = Field(0.5, gt=0, description="Seconds to wait for policy decisions.")

    token_issuer: str = Field(
        "https://identity.invalid/development", description="The `iss` that callers' tokens must have."
    )
    token_audience: str = Field("directory-gateway", description="The `aud` that callers' tokens must have.")
    token_jwks: str | None = Field(
        None,
        description="File or https URL of the issuer's public keys (JWKS). Unset in development: keys made under the "
        "data folder; unset in production: the start stops.",
    )
    token_binding_required: bool = Field(
        False,
        description="Whether every token must be bound to the caller's certificate (`cnf`, RFC 8705). One that says "
        "that it is bound is held to it in any case.",
    )

    ledger_key_file: Path | None = Field(
        None,
        description="File with the ledger's master key: 32 bytes or more. It wraps the keys that seal entries. "
        "Unset in development: made under the data folder; unset in production, and no command either: the start "
        "stops.",
    )
    ledger_key_command: str | None = Field(
        None,
        description="Command that prints the ledger's master key, for a key that a key service unwraps; run once at "
        "start, without a shell.",
    )
    ledger_timeout: float = Field(2.0, gt=0, description="Seconds to wait for the ledger before telling nothing.")
    ledger_waiting_limit: int = Field(
        1_000, gt=0, description="Answers that may wait for the ledger at once; one more is told nothing, at once."
    )

    ledger_signing_key_files: str | None = Field(
        None,
        description="Files with the keys that sign checkpoints, parted by commas: several while one follows another. "
        "Unset in development: made under the data folder; unset in production: the start stops.",
    )
    ledger_checkpoint_interval: float = Field(1.0, gt=0, description="Seconds from checkpoint to checkpoint.")
    ledger_witnesses: str | None = Field(
        None,
        description="Who cosigns checkpoints, parted by commas: each the URL before `/add-checkpoint`, a space, and "
        "the witness's key as `name+hash+key`.",
    )
    ledger_witness_quorum: int = Field(
        0, ge=0, description="Witnesses that must have cosigned lately for anything to be told."
    )
    ledger_witness_patience: float = Field(
        30.0, ge=3, description="Seconds that a cosignature counts towards the quorum."
    )
    ledger_witness_key_file: Path | None = Field(
        None, description="File with the key that cosigns others' checkpoints. Unset: this gateway is no witness."
    )
    ledger_witnessed_keys: str | None = Field(
        None,
        description="Keys of the ledgers that this gateway cosigns for, as `name+hash+key`, parted by commas; a key's "
        "name is its ledger's origin.",
    )

    withholding_days: int = Field(
        90, ge=1, le=366, description="Days for which an entry may be kept from a child's or carer's view at most."
    )
    withholding_provisional_hours: int = Field(
        72, ge=1, le=168, description="Hours that such a withholding holds until a second person confirms it."
    )
    words_file: Path = Field(
        PACKAGED_WORDS, description="File with the words of the access log and its report; a translation is another."
    )

    tls_cert_file: Path | None = Field(
        None, description="Certificate (PEM, with its chain) of the port for callers. Unset: a proxy before it has TLS."
    )
    tls_key_file: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    tls_client_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of the authorities that make callers' certificates. Set: the port for callers "
        "takes TLS 1.3 only, and connections by a certificate of theirs only. Unset: it asks for none.",
    )
    tls_proxies: str | None = Field(
        None,
        description="Addresses or networks, parted by commas, of proxies where callers' TLS ends and from where alone "
        "a caller's certificate is believed as a header. Unset: no such header is read.",
    )
    tls_proxy_header: str = Field(
        "Client-Cert",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="Header in which those proxies hand on the caller's certificate, as RFC 9440 has it.",
    )
    registry: str | None = Field(
        None,
        description="File or https URL of the federation's registry. Unset: no other authority is asked or answered.",
    )
    registry_keys_file: Path | None = Field(
        None, description="File with the public keys (JWK set) of the registry's operator."
    )
    registry_interval: float = Field(60.0, ge=0, description="Seconds between looks at the registry; 0 looks once.")
    assertion_key_file: Path | None = Field(
        None,
        description="Private key (JWK) that signs assertions to other authorities, in a file. Replaced while serving.",
    )
    peer_cert_file: Path | None = Field(
        None,
        description="Certificate (PEM) by which other authorities' gateways know this one. Replaced while serving.",
    )
    peer_key_file: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    peer_port: int | None = Field(
        None, ge=0, le=65535, description="Port for other authorities' gateways. Unset: none is answered."
    )
    peer_timeout: float = Field(3.0, gt=0, description="Seconds an ask may wait for other authorities.")
    peer_greeting_interval: float = Field(
        60.0,
        ge=0,
        description="Seconds between greetings of other authorities' gateways, which keep connections open; 0: none.",
    )
    peer_reply_limit: int = Field(1_000_000, gt=0, description="Bytes of one authority's reply that are read.")
    peer_concurrency: int = Field(16, gt=0, description="Calls under way at once to one authority.")
    peers_concurrency: int = Field(256, gt=0, description="Calls under way at once to all authorities together.")

    locator_interval: float = Field(
        60.0,
        ge=0,
        description="Seconds between looks at what other authorities publish for the locator; 0: no locator is kept, "
        "and none is asked.",
    )
    locator_debounce: float = Field(
        10.0, ge=0, description="Seconds for which records must have settled before the locator's setups are rebuilt."
    )
    locate_budget: int = Field(50, gt=0, description="Locate asks a person may make in a day (UTC).")
    locate_authority_budget: int = Field(
        500, gt=0, description="Locate asks of all people of one other authority that are answered in a day (UTC)."
    )

    request_timeout: float = Field(5.0, gt=0, description="Seconds a request may take in all.")
    get_queries: bool = Field(
        False,
        description="Whether GET is answered: queries only, and only fields that name no person, for addresses are "
        "kept in many logs.",
    )
    documents: str | None = Field(
        None,
        description="Manifests of documents that clients were built with, parted by commas; they may be asked for by "
        "their SHA-256. Read again on SIGHUP.",
    )
    documents_required: bool = Field(
        False, description="Whether callers may ask the documents of these manifests only, by hash or in full."
    )
    body_limit: int = Field(100_000, gt=0, description="Bytes a request body may have.")
    address_limit: int = Field(16_384, ge=1_024, description="Bytes the address of a request may have.")
    header_limit: int = Field(64, ge=16, description="Headers a request may have.")
    header_bytes_limit: int = Field(16_384, ge=4_096, description="Bytes all headers of a request may have together.")
    head_timeout: float = Field(
        5.0, gt=0, description="Seconds within which the headers of a request must be there, and a connection asks."
    )
    taking_timeout: float = Field(
        30.0, gt=0, description="Seconds for which a client may leave an answer untaken before it is let go."
    )
    connection_limit: int = Field(
        1_000, gt=0, description="Connections a process keeps at a port; one more is turned away at once."
    )
    token_limit: int = Field(1_000, gt=0, description="Lexical tokens a GraphQL document may have.")
    depth_limit: int = Field(10, gt=0, description="Levels of nesting a GraphQL document may have.")
    requests_at_once: int = Field(
        16,
        gt=0,
        description="Requests of a process that are being answered at once; those that wait for other authorities "
        "are not counted.",
    )
    requests_waiting: int = Field(
        16, ge=0, description="Requests that may wait for one of those to be done; one more is turned away at once."
    )
    requests_patience: float = Field(0.25, gt=0, description="Seconds a request waits before it is turned away.")
    refusal_rate: int = Field(
        100, gt=0, description="Refusals that a process tells callers in a second; more of them wait for their turn."
    )
    documents_waiting: int = Field(
        32, ge=0, description="New documents that wait to be read, one being read at a time; others are turned away."
    )
    peer_requests_at_once: int = Field(
        16, gt=0, description="Requests of other authorities' gateways that are being answered at once."
    )
    caller_rate: int = Field(600, gt=0, description="Root fields a caller may ask for in a minute.")
    agency_rate: int = Field(12_000, gt=0, description="Root fields all callers of an agency may ask for in a minute.")
    alias_limit: int = Field(15, ge=0, description="Aliases a GraphQL document may have, its fragments spread out.")
    directive_limit: int = Field(
        10, ge=0, description="Directives a GraphQL document may have, its fragments spread out."
    )
    root_field_limit: int = Field(20, gt=0, description="Root fields an operation may have.")
    operation_limit: int = Field(1, gt=0, description="Operations a GraphQL document may have.")
    cost_limit: int = Field(
        1_000,
        gt=0,
        description="Records a GraphQL document may come to before it runs: each list times its `first`, or the size "
        "that the schema assumes.",
    )
    node_limit: int = Field(1_000, gt=0, description="Records one answer may touch while it runs.")
    search_budget: int = Field(500, gt=0, description="Searches a caller may make in a rolling day.")

    review_days_limit: int = Field(31, gt=0, description="Days that one review of callers may cover.")
    review_past_days: int = Field(
        28, ge=0, description="Days before a review's period that count as a caller's own past."
    )
    review_peers: int = Field(
        8, gt=1, description="Callers of the same role and agency, or of the role, that are enough to compare with."
    )
    review_deviations: float = Field(
        5.0,
        gt=0,
        description="Deviations (of the median absolute kind) above the peers' middle from which one stands out.",
    )
    review_relationship_before_days: int = Field(
        365, ge=0, description="Days for which an involvement that has ended still counts as working with a child."
    )
    review_relationship_after_days: int = Field(
        14,
        ge=0,
        description="Days after a look within which an involvement may begin and count as working with a child.",
    )
    review_chance: float = Field(
        0.005,
        gt=0,
        lt=1,
        description="Likelihood by chance below which children of the caller's surname or postcode are shown.",
    )
    review_surname_days: int = Field(
        3, gt=0, description="Days on which one child of the caller's surname or postcode is looked at that are shown."
    )
    review_strangers: int = Field(
        6, gt=0, description="Children with whom neither caller nor agency works that are shown, if above the peers'."
    )
    review_day_children: int = Field(
        20, gt=0, description="Children in one day that are shown, if above the peers' and the caller's own past."
    )
    review_odd_hours: int = Field(
        8, gt=0, description="Looks at odd hours that are shown, if above the peers' and the caller's own past."
    )
    review_day_begins: int = Field(
        7, ge=0, le=23, description="Hour (Europe/London) before which looks are at odd hours."
    )
    review_day_ends: int = Field(
        20, ge=1, le=24, description="Hour (Europe/London) from which looks are at odd hours; all of a weekend is."
    )
    review_shielded: int = Field(
        3, gt=0, description="Shielded children not worked with that are shown, if above the peers'."
    )
    review_followed: int = Field(
        4, gt=0, description="Children looked at just after a colleague that are shown, if above the peers'."
    )
    review_followed_minutes: int = Field(
        15, gt=0, description="Minutes after a colleague's look that are just after it."
    )
    review_refusals: int = Field(10, gt=0, description="Refused asks that are shown, if above the peers'.")
    review_exhaustions: int = Field(1, gt=0, description="Searches refused for an exhausted budget that are shown.")

    freshness_name_days: int = Field(730, gt=0, description="Days after which a name or birth detail is stale.")
    freshness_address_days: int = Field(365, gt=0, description="Days after which an address is stale.")
    freshness_identifier_days: int = Field(1825, gt=0, description="Days after which an identifier is stale.")
    freshness_contact_days: int = Field(365, gt=0, description="Days after which contact details are stale.")
    freshness_link_days: int = Field(
        365, gt=0, description="Days after which a carer's, setting's or service's link to a child is stale."
    )

    @property
    def logs_for_machines(self) -> bool:
        """Whether log lines are JSON."""
        return self.log_format == "json" or (self.log_format is None and self.env == "production")

    @property
    def document_manifests(self) -> tuple[Path, ...]:
        """The files of trusted documents."""
        return tuple(Path(name.strip()) for name in (self.documents or "").split(",") if name.strip())

    @property
    def declared_proxies(self) -> tuple[Network, ...]:
        """The networks of proxies where callers' TLS ends."""
        return tuple(ip_network(name.strip()) for name in (self.tls_proxies or "").split(",") if name.strip())

    @field_validator("tls_proxies")
    @classmethod
    def _proxies_are_networks(cls, stated: str | None) -> str | None:
        for name in (stated or "").split(","):
            if name.strip():
                _hold_to_proxies(ip_network(name.strip()))
        return stated

    @model_validator(mode="after")
    def _certificates_can_be_shown(self) -> "Settings":
        if self.token_binding_required and self.tls_client_ca_file is None and not self.declared_proxies:
            raise ValueError(
                "GATEWAY_TLS_CLIENT_CA_FILE or GATEWAY_TLS_PROXIES must be set where GATEWAY_TOKEN_BINDING_REQUIRED "
                "is true: otherwise nobody can show a certificate"
            )
        return self

    @model_validator(mode="after")
    def _documents_are_there(self) -> "Settings":
        if self.documents_required and not self.document_manifests:
            raise ValueError("GATEWAY_DOCUMENTS must name a manifest where GATEWAY_DOCUMENTS_REQUIRED is true")
        return self

    @model_validator(mode="after")
    def _environment_is_stated(self) -> "Settings":
        if self.database_url is not None and "env" not in self.model_fields_set:
            raise ValueError("GATEWAY_ENV must be stated (development or production) with a GATEWAY_DATABASE_URL")
        return self


def environment_with(added: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with some variables more, for a process that it starts."""
    return {**os.environ, **added}  # noqa: TID251 - handed on, not read


class SettingsError(Exception):
    """A setting is missing or unusable; the message names the variable and never its value."""


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A setting is unusable.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"GATEWAY_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            if problem["loc"]
            else problem["msg"]
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(problems) from None


def _hold_to_proxies(network: Network) -> None:
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(f"a network that states fewer than {WIDEST[network.version]} bits declares no proxy")
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError("name a network of IPv4 by its own addresses")
