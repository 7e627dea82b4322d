"""A pace for what is worked out beside the event loop: a thread that never rests takes turns from it all the time.

Each time the loop lets go of the interpreter for a moment, which it does many times an ask, a thread that is always
ready takes it for a whole turn. One that rests three quarters of the time is in the way for a quarter of it.
"""

from threading import Event
from time import perf_counter
from typing import Final

from graphql import ValidationContext
from graphql.language import Lexer, Node, Source, Token, TokenKind
from graphql.validation import ValidationRule

from gateway.errors import QueryTooCostly

RESTS: Final = 3.0
"""Seconds of rest for each second of work."""

STRETCH: Final = 0.01
"""Seconds of work that are done without a rest, after a while without work: most documents take no longer."""

REST: Final = 0.003
"""Seconds of one rest."""

NESTING_LIMIT: Final = 64
"""Brackets open at once in a document: what is deeper than any limit is given up there, and not where it ends."""

_OPEN: Final = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSE: Final = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})

_NEVER: Final = Event()


def rest(seconds: float) -> None:
    """Rest; `time.sleep` fails where the process was given another clock than the machine's."""
    _NEVER.wait(seconds)


class Pace:
    """Rests the thread that calls it when it has worked for long enough; belongs to one thread."""

    def __init__(self) -> None:
        """Begin rested."""
        self._last = perf_counter()
        self._owed = 0.0
        self.rests = 0
        """Rests taken."""

    def begin(self) -> None:
        """Begin a piece of work: the time since the last one was rest."""
        now = perf_counter()
        self._owed = max(0.0, self._owed - (now - self._last))
        self._last = now

    def keep(self) -> None:
        """Rest, where that is due; called often."""
        now = perf_counter()
        self._owed += RESTS * (now - self._last)
        self._last = now
        if self._owed >= RESTS * STRETCH + REST:
            rest(REST)
            self.rests += 1
            self.begin()


class PacedLexer(Lexer):
    """Reads a document's tokens at a pace, and not beyond so many open brackets."""

    def __init__(self, text: str, pace: Pace) -> None:
        """Take the document and the pace."""
        super().__init__(Source(text))
        self._pace = pace
        self._nested = 0

    def advance(self) -> Token:
        """Return the next token.

        Raises:
            QueryTooCostly: More brackets are open than may be.
        """
        self._pace.keep()
        token = super().advance()
        if token.kind in _OPEN:
            self._nested += 1
            if self._nested > NESTING_LIMIT:
                raise nested_too_deeply()
        elif token.kind in _CLOSE:
            self._nested -= 1
        return token


def nested_too_deeply() -> QueryTooCostly:
    """Return the refusal of a document for its nesting."""
    return QueryTooCostly("The document is nested too deeply to be read. Nest it less.", reason="document-limit")


def paced_rule(pace: Pace) -> type[ValidationRule]:
    """Return a rule of validation that says nothing and keeps the pace of the others."""

    class Paced(ValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)

        def enter(self, _node: Node, *_args: object) -> None:
            pace.keep()

    return Paced
