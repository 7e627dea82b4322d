"""A question as the embedded engine takes it in, by calls that keep the interpreter lock.

The engine's own package lets go of the lock at every word, so that two workers hold each other up, and cuts a word
with a NUL in it short, where another role or purpose may stand before the NUL.
"""

import ctypes
from typing import Any, Final

from connectors.rego_cpp import Code, Input, RegoError, library, new_input

_library: Final = ctypes.PyDLL(library._name)


def _call(name: str, *further: Any) -> Any:
    function = getattr(_library, name)
    function.restype, function.argtypes = ctypes.c_uint32, [ctypes.c_void_p, *further]
    return function


_word: Final = _call("regoInputString", ctypes.c_char_p)
_flag: Final = _call("regoInputBoolean", ctypes.c_bool)
_number: Final = _call("regoInputInt", ctypes.c_int64)
_nothing: Final = _call("regoInputNull")
_member: Final = _call("regoInputObjectItem")
_object: Final = _call("regoInputObject", ctypes.c_uint32)
_list: Final = _call("regoInputArray", ctypes.c_uint32)


def engine_input(document: dict[str, Any]) -> Input:
    """Return a question's document as the engine's input.

    Raises:
        RegoError: The engine does not take it.
        TypeError: Something in it is no JSON, or a number with a fraction, which questions have none of.
        ValueError: A word is no text, or has a NUL in it.
    """
    made = Input.__new__(Input)
    made._impl = new_input()  # from here on freed with it
    _add(made._impl, document)
    return made


def _add(place: ctypes.c_void_p, value: object) -> None:
    if isinstance(value, str):
        said = _word(place, _bytes(value))
    elif isinstance(value, dict):
        for name, part in value.items():
            _add(place, name)
            _add(place, part)
            _taken(_member(place))
        said = _object(place, len(value))
    elif isinstance(value, list):
        for part in value:
            _add(place, part)
        said = _list(place, len(value))
    elif isinstance(value, bool):
        said = _flag(place, value)
    elif isinstance(value, int):
        said = _number(place, value)
    elif value is None:
        said = _nothing(place)
    else:
        raise TypeError(type(value).__name__)
    _taken(said)


def _bytes(word: str) -> bytes:
    if "\0" in word:
        raise ValueError("a word of the question has a NUL in it")
    return word.encode()


def _taken(said: int) -> None:
    if said != Code.OK:
        raise RegoError("the input cannot be made", said)
