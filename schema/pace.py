"""A pace for what is worked out beside the event loop: a thread that never rests takes turns from it all the time.

Each time the loop lets go of the interpreter for a moment, which it does many times an ask, a thread that is always
ready takes it for a whole turn. One that rests three quarters of the time is in the way for a quarter of it.
"""

from threading import Event
from time import perf_counter
from typing import Final

from graphql import ValidationContext
from graphql.language import Lexer, Node, Source, Token
from graphql.validation import ValidationRule

RESTS: Final = 3.0
"""Seconds of rest for each second of work."""

STRETCH: Final = 0.01
"""Seconds of work that are done without a rest, after a while without work: most documents take no longer."""

REST: Final = 0.003
"""Seconds of one rest."""

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
    """Reads a document's tokens at a pace."""

    def __init__(self, text: str, pace: Pace) -> None:
        """Take the document and the pace."""
        super().__init__(Source(text))
        self._pace = pace

    def advance(self) -> Token:
        """Return the next token."""
        self._pace.keep()
        return super().advance()


def paced_rule(pace: Pace) -> type[ValidationRule]:
    """Return a rule of validation that says nothing and keeps the pace of the others."""

    class Paced(ValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)

        def enter(self, _node: Node, *_args: object) -> None:
            pace.keep()

    return Paced
