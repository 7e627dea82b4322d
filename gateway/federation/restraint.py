"""How much a gateway lets itself ask of a peer that fails: a circuit breaker and a budget of retries.

Both are plain state with the time passed in; seconds of any clock that only goes forward.
"""

from enum import StrEnum


class Circuit(StrEnum):
    """The state of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """One call is let through to find out whether the other side is back."""


class Breaker:
    """Stops asking an endpoint that keeps failing, and tries again with one call after a rest that doubles."""

    def __init__(self, *, failures: int = 5, rest: float = 1.0, longest_rest: float = 30.0) -> None:
        """Open after so many failures in a row, for `rest` seconds, doubled each time up to `longest_rest`."""
        self._limit = failures
        self._first_rest = rest
        self._longest_rest = longest_rest
        self._rest = rest
        self._failures = 0
        self._open_until = 0.0
        self.state = Circuit.CLOSED

    def admits(self, now: float) -> bool:
        """Return whether a call may go out; the one that finds out how things are must report back."""
        if self.state is Circuit.CLOSED:
            return True
        if self.state is Circuit.OPEN and now >= self._open_until:
            self.state = Circuit.PROBING
            return True
        return False

    def succeeded(self) -> None:
        """Note an answer, whatever it said."""
        self._failures = 0
        self._rest = self._first_rest
        self.state = Circuit.CLOSED

    def failed(self, now: float) -> None:
        """Note that no answer came."""
        self._failures += 1
        if self.state is Circuit.PROBING:
            self._rest = min(self._longest_rest, 2 * self._rest)
        elif self.state is Circuit.OPEN or self._failures < self._limit:
            return
        self.state = Circuit.OPEN
        self._open_until = now + self._rest

    def abandoned(self, now: float) -> None:
        """Note that a call was given up before it could show anything."""
        if self.state is Circuit.PROBING:
            self.state = Circuit.OPEN
            self._open_until = now


class RetryBudget:
    """Allows second attempts for a share of the first ones, so that retries cannot double the load of an outage."""

    def __init__(self, *, share: float = 0.1, reserve: int = 3, most: float = 20.0) -> None:
        """Start with a reserve for quiet times; save up at most `most` attempts."""
        self._share = share
        self._most = most
        self.saved = float(reserve)
        """Second attempts that may be made at this moment."""

    def earned(self) -> None:
        """Note a first attempt."""
        self.saved = min(self._most, self.saved + self._share)

    def spend(self) -> bool:
        """Take one second attempt out, and return whether there was one."""
        if self.saved < 1.0:
            return False
        self.saved -= 1.0
        return True


class Bulkhead:
    """Bounds the calls under way, so that a slow peer takes no more than its share; nobody queues."""

    def __init__(self, most: int) -> None:
        """Let so many through at once."""
        self._most = most
        self.under_way = 0

    def enter(self) -> bool:
        """Take a place, and return whether there was one; `leave` gives it back."""
        if self.under_way >= self._most:
            return False
        self.under_way += 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self.under_way -= 1
