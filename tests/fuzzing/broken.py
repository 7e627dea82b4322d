"""Strategies that break what is whole: bytes at random, and JSON at any place of it."""

import json
from copy import deepcopy

from hypothesis import strategies as st

ODD = [
    None, True, False, 0, -1, 1.5, 10**40, 2**63, 1e308, "", " ", "\x00", "\ud800", "é́", "١٢٣", "A" * 5_000, [], {},
    [None], [[]], {"": None}, {"a": {"a": {}}}, "2026-13-45", "9999-12-31", "0000-01-01", "-1", "NaN", "1e999",
    "urn:", "file:///etc/passwd", "\U0001d49c", "\n", "{{", "' OR 1=1 --", "%s%n", "../../x",
]  # fmt: skip
"""Values that readers stumble over."""

_PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n", b'"', b",", b"{", b"[" * 2_000]),
)


class Whole(bytes):
    """What is to be broken; a failing example need not show all of it."""

    def __repr__(self):
        return f"<{len(self)} bytes>"


def broken_bytes(content):
    """Draw the content with a few stretches of it left out, doubled or replaced."""
    return _broken_bytes(Whole(content))


@st.composite
def _broken_bytes(draw, content):
    broken = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, max(len(broken) - 1, 0)))
        end = begin + draw(st.integers(0, 40))
        broken[begin:end] = draw(st.one_of(_PIECES, st.just(bytes(broken[begin:end]) * 2)))
    return bytes(broken)


@st.composite
def broken_json(draw, document):
    """A document with odd values, missing parts or parts in other places."""
    broken = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(broken))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["odd", "odd", "odd", "gone", "other", "more"])):
            case "odd":
                holder[key] = deepcopy(draw(st.sampled_from(ODD)))
            case "gone":
                del holder[key]
            case "other":
                other, name = draw(st.sampled_from(places))
                holder[key] = json.loads(json.dumps(other[name])) if name in _keys(other) else None
            case "more":
                holder[key] = [holder[key]] * 3
    return broken


def _places(document):
    for key in _keys(document):
        yield document, key
        yield from _places(document[key])


def _keys(holder):
    if isinstance(holder, dict):
        return list(holder)
    return list(range(len(holder))) if isinstance(holder, list) else []
