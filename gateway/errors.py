"""Errors, classed by what the caller should do.

DirectoryError
├── AskRefused            the ask is unacceptable: fix it, do not retry
│   ├── Unauthenticated       no usable token
│   ├── AccessLapsed          the person's or agency's standing is not current
│   ├── MediationNotListed    the role may not ask for the person named, or named nobody
│   ├── PurposeRequired       no purpose of access that this caller may use, or no reason
│   ├── NotForRole            what is asked is not for this role and purpose
│   ├── BadRequest            the document cannot be read, is not valid, or may not be asked
│   │   └── WrongMethod           a change was asked for by a method that changes nothing
│   ├── DocumentUnknown       a document was asked for by a hash that is not known here
│   ├── DocumentNotTrusted    only documents of the installed manifests are asked here
│   ├── BadCriteria           the search criteria are below the minimum
│   ├── TooManyMatches        more candidates than may be told
│   ├── BudgetExhausted       a budget is spent: the caller's searches (S4), or what they or their agency may ask
│   └── QueryTooCostly        the document is over a limit
├── SourceFailed          one source gave no answer: name it
│   ├── SourceUnavailable     it did not answer in time, or at all
│   └── SourceMalformed       its answer could not be read
└── CannotProceed         no decision, or no audit entry, to be had: tell nothing
    ├── DecisionUnavailable   the policy engine gave no usable decision
    │   └── RulesChanged          the rules changed half-way: decide again
    ├── AuditUnavailable      the ledger could not be written
    ├── Overloaded            there is more to answer than can be; ask again in a moment
    └── CallerLeft            nobody waits for the answer any more; in the ledger only

Messages hold codes and limits, never a name, an identifier of a child or another library's words.
"""

from typing import ClassVar


class DirectoryError(Exception):
    """The root of what can go wrong on purpose; `code` is what partners see in `extensions.code`."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int | None] = None
    """An HTTP status of its own, where it is another than its code's."""
    challenge: ClassVar[str] = "Bearer"
    """What a reply of status 401 asks for. Source: RFC 6750, 3."""

    def __init__(self, message: str, *, reason: str = "unspecified", retry_after: float | None = None) -> None:
        """Keep the public message, the audit reason code (stored in the ledger, never told), and when to ask again.

        `retry_after` is in seconds, where waiting helps and it is known how long.
        """
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.retry_after = retry_after


class AskRefused(DirectoryError):
    """The ask is unacceptable as it stands."""


class Unauthenticated(AskRefused):
    """No token, or none that can be trusted."""

    code = "UNAUTHENTICATED"


class AccessLapsed(AskRefused):
    """The person's training or check, or the agency's accreditation, is not current (domain rule A1)."""

    code = "ACCESS_LAPSED"


class MediationNotListed(AskRefused):
    """The role may not ask for the person named, or asks only for somebody else and names nobody (A4)."""

    code = "MEDIATION_NOT_LISTED"


class PurposeRequired(AskRefused):
    """The purpose of access or its reason is missing, unknown, or not one this role may use (A2)."""

    code = "PURPOSE_REQUIRED"


class NotForRole(AskRefused):
    """What is asked is not for the caller's role and purpose, whatever it is about: a page of the gateway."""

    code = "NOT_FOR_ROLE"


class BadRequest(AskRefused):
    """The request or its document cannot be read or is not valid."""

    code = "BAD_REQUEST"


class WrongMethod(BadRequest):
    """A change was asked for by an HTTP method that changes nothing."""

    status = 405


class DocumentUnknown(AskRefused):
    """A document was asked for by a hash that is not known here; the code is the one that clients know."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(AskRefused):
    """The document is in no manifest, and the operator wants one that is."""

    code = "DOCUMENT_NOT_TRUSTED"


class BadCriteria(AskRefused):
    """The search criteria are below the minimum of domain rule S1."""

    code = "BAD_CRITERIA"


class TooManyMatches(AskRefused):
    """The search found more candidates than may be told (S1)."""

    code = "TOO_MANY_MATCHES"


class BudgetExhausted(AskRefused):
    """A budget is spent: the caller's searches (S4), or what they or their agency may ask for at a time."""

    code = "BUDGET_EXHAUSTED"


class QueryTooCostly(AskRefused):
    """The document is over a limit; the message names the limit and the value."""

    code = "QUERY_TOO_COSTLY"


class SourceFailed(DirectoryError):
    """One source gave no answer."""

    code = "SOURCE_UNAVAILABLE"


class SourceUnavailable(SourceFailed):
    """The source did not answer within its time-out, or could not be reached."""


class SourceMalformed(SourceFailed):
    """The source answered with something that could not be read."""


class CannotProceed(DirectoryError):
    """Without a decision and an entry nothing is told."""


class DecisionUnavailable(CannotProceed):
    """The policy engine gave no complete decision."""

    code = "DECISION_UNAVAILABLE"


class RulesChanged(DecisionUnavailable):
    """The rules changed while an ask was being decided; decided again, it may succeed."""


class AuditUnavailable(CannotProceed):
    """The ledger could not be written durably."""

    code = "AUDIT_UNAVAILABLE"


class Overloaded(CannotProceed):
    """More is asked than can be answered in time: turned away before any record was looked at."""

    code = "OVERLOADED"


class CallerLeft(CannotProceed):
    """Who asked has gone: the work was stopped, and nobody was told anything."""

    code = "CALLER_LEFT"
