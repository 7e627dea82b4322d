"""The pages, and what they are made from."""

from collections.abc import Callable
from datetime import datetime

from connectors.checkpoint_keys import witness_addresses
from connectors.ledger_seal import latest_seal
from connectors.postgres.directory import PostgresDirectory
from connectors.postgres.ledger_search import PostgresLedgerSearch
from connectors.rule_set import RuleSet
from connectors.rule_trial import RuleTrials
from gateway.access_report.report import Seal
from gateway.app.chosen import words_of
from gateway.app.running import Gateway
from gateway.ledger_requests import LedgerRequests
from gateway.pages.access_log import AccessLogEndpoint
from gateway.pages.ledger import LedgerEndpoint
from gateway.pages.ledger_proofs import LedgerProofs
from gateway.pages.ledger_views import LedgerViews
from gateway.pages.policies import PolicyEndpoint
from gateway.pages.policy_views import PolicyViews


def ledger_requests_of(gateway: Gateway) -> LedgerRequests:
    """Return what answers for the ledger's proofs."""
    settings, proof = gateway.settings, gateway.proof
    read = RuleSet.read(settings.policies_dir)
    return LedgerRequests(
        proof.reader,
        authority=settings.authority,
        keys=proof.keys,
        witness=proof.witness,
        revision=lambda: str(getattr(gateway.decider, "rules", read).revision),
    )


def policies_of(gateway: Gateway) -> PolicyEndpoint:
    """Return the policy workbench."""
    folder, decider, in_force = gateway.settings.policies_dir, gateway.decider, _rules_in_force(gateway)
    views = PolicyViews(decider=decider, rules=in_force, trials=RuleTrials(rules=in_force, folder=folder))
    return PolicyEndpoint(answering=gateway.answering, tokens=gateway.tokens, views=views)


def ledger_page_of(gateway: Gateway, clock: Callable[[], datetime]) -> LedgerEndpoint:
    """Return the auditors' page of the ledger."""
    database, proof = gateway.database, gateway.proof
    proofs = LedgerProofs(
        reader=proof.reader,
        keys=proof.keys,
        witnesses=[address.key for address in witness_addresses(gateway.settings)],
        troubles=lambda: proof.witnessing.troubles,
        fault=lambda: proof.checkpointer.fault,
    )
    views = LedgerViews(
        search=PostgresLedgerSearch(database),
        opener=gateway.opener,
        directory=PostgresDirectory(database, today=clock),
        proofs=proofs,
        rules=_rules_in_force(gateway),
        clock=clock,
    )
    return LedgerEndpoint(answering=gateway.answering, tokens=gateway.tokens, views=views)


def _rules_in_force(gateway: Gateway) -> Callable[[], RuleSet]:
    decider, read = gateway.decider, RuleSet.read(gateway.settings.policies_dir)

    def in_force() -> RuleSet:
        held = getattr(decider, "rules", read)  # an engine that follows its rules has them; one that is given has not
        return held if isinstance(held, RuleSet) else read

    return in_force


def access_log_of(gateway: Gateway, clock: Callable[[], datetime]) -> AccessLogEndpoint:
    """Return the page and the report of an access log."""

    async def sealed() -> Seal | None:
        return await latest_seal(gateway.proof, gateway.opener, clock=clock)

    return AccessLogEndpoint(
        answering=gateway.answering,
        tokens=gateway.tokens,
        words=words_of(gateway.settings),
        sealed=sealed,
        clock=clock,
        body_limit=gateway.settings.body_limit,
    )
