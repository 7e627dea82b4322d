"""Private set intersection over P-256 (openmined-psi): who holds a set learns nothing of what it is compared with.

The holder of the set raises each word's point to its key and publishes the results as a Golomb-coded set. Who asks
raises the points of its words to a key of that ask, lets the holder raise them once more, takes its own key out, and
looks in the set. All of the library is met here; its errors are `Unusable`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any, Final

from connectors.locator.keys import ELEMENTS

try:
    import private_set_intersection.python as psi
    from google.protobuf.message import DecodeError
except ImportError:  # no build for this Python
    psi, DecodeError = None, ValueError

AVAILABLE: Final = psi is not None
FALSE_POSITIVES: Final = 1e-6
"""Likelihood that an ask finds something in a set that holds none of its words."""

SMALLEST: Final = 1_024
POINT_BYTES: Final = 33
KEY_BYTES: Final = 32
_FORGED: Final = 2.0
"""How much denser than agreed a set may look, by the least room its elements can take."""


class Unusable(Exception):
    """A set, a point or a key that is none; the message is ours."""


def bucket(count: int) -> int:
    """Return to how many words a set of so many is filled up: the next power of two, at least 1,024."""
    return max(SMALLEST, 1 << max(0, count - 1).bit_length())


def new_key() -> bytes:
    """Return a new key of a set."""
    made: bytes = psi.server.CreateWithNewKey(True).GetPrivateKeyBytes()
    return made.rjust(KEY_BYTES, b"\0")


def build(key: bytes, words: Sequence[str]) -> bytes:
    """Return the setup of a set, filled up to its bucket by words that nobody can ask for; it takes a while.

    What fills it hangs on the key alone: were it new each time, two setups under one key would share the real words
    and nothing else, and so tell their number.
    """
    filling = (_filling(key, number) for number in range(bucket(len(words)) - len(words)))
    setup = _holder(key).CreateSetupMessage(FALSE_POSITIVES, ELEMENTS, [*words, *filling], psi.DataStructure.GCS)
    content: bytes = setup.SerializeToString()
    return content


class Holder:
    """The side that has the set: it raises what it is sent to its key."""

    def __init__(self, key: bytes) -> None:
        """Take the key."""
        self._server = _holder(key)

    def raised(self, points: Sequence[bytes]) -> list[bytes]:
        """Return the points raised to the key, in their order.

        Raises:
            Unusable: One of them is no point of the curve.
        """
        request = psi.Request(reveal_intersection=True, encrypted_elements=points)
        try:
            return list(self._server.ProcessRequest(request).encrypted_elements)
        except RuntimeError:
            raise Unusable("not a point of the curve") from None


class Blinded:
    """The words of one ask under a key that is made for it and kept nowhere; filled up to a fixed number."""

    def __init__(self, words: Sequence[str]) -> None:
        """Blind the words."""
        self._client = psi.client.CreateWithNewKey(True)
        filling = [f"filling:{secrets.token_hex(16)}" for _ in range(ELEMENTS - len(words))]
        self.points: list[bytes] = list(self._client.CreateRequest([*words, *filling]).encrypted_elements)

    def found(self, setup: "Setup", raised: Sequence[bytes]) -> frozenset[int]:
        """Return which of the raised points stand for words in the set, by their place in `raised`.

        Raises:
            Unusable: The points are none.
        """
        response = psi.Response(encrypted_elements=raised)
        try:
            return frozenset(self._client.GetIntersection(setup.parsed, response))
        except RuntimeError:
            raise Unusable("not a point of the curve") from None


class Setup:
    """Another authority's set, as it published it."""

    def __init__(self, content: bytes) -> None:
        """Read it.

        Raises:
            Unusable: It is none, or so dense that it would seem to hold whatever one looks for.
        """
        self.parsed: Any = psi.ServerSetup()
        try:
            self.parsed.ParseFromString(content)
        except DecodeError:
            raise Unusable("not a setup") from None
        coded = self.parsed.gcs if self.parsed.WhichOneof("data_structure") == "gcs" else None
        if coded is None or coded.hash_range <= 0 or not 1 <= coded.div <= 62:
            raise Unusable("not a Golomb-coded set")
        # An element takes at least its remainder and one bit.
        most = 8 * len(coded.bits) / (coded.div + 1)
        if most / coded.hash_range > _FORGED * FALSE_POSITIVES / ELEMENTS:
            raise Unusable("too dense a set")


def _filling(key: bytes, number: int) -> str:
    return "filling:" + hashlib.blake2b(number.to_bytes(4, "big"), key=key, digest_size=16).hexdigest()


def _holder(key: bytes) -> Any:
    try:
        return psi.server.CreateFromKey(key, True)
    except (RuntimeError, TypeError):
        raise Unusable("not a key") from None
