"""Which media types a request brings and accepts, as RFC 9110 has it: parameters, quality values, specificity."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PARAMETER = re.compile(r'\s*;\s*([!#$%&\'*+.^_`|~\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[!#$%&\'*+.^_`|~\w-]+)|\s*;')
_TYPE = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)/([!#$%&'*+.^_`|~\w-]+)")
_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")
_UTF_8 = frozenset({"utf-8", "utf8"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A media type or range of them, its names in small letters."""

    type: str
    subtype: str
    parameters: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return type and subtype."""
        return f"{self.type}/{self.subtype}"

    @property
    def is_utf_8(self) -> bool:
        """Return whether texts are in UTF-8; that is assumed where no other encoding is stated."""
        return self.parameters.get("charset", "utf-8").lower() in _UTF_8


def media_type_of(text: str) -> MediaType | None:
    """Return the media type a text states, or None where it states none."""
    found = _TYPE.match(text)
    if found is None:
        return None
    parameters, position = {}, found.end()
    while position < len(text.rstrip()):
        parameter = _PARAMETER.match(text, position)
        if parameter is None:
            return None
        if parameter[1]:
            value = parameter[2]
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            parameters[parameter[1].lower()] = value
        position = parameter.end()
    return MediaType(type=found[1].lower(), subtype=found[2].lower(), parameters=parameters)


def accepted(headers: Sequence[str], offered: Sequence[str]) -> str | None:
    """Return the offered media type that a request accepts best, in UTF-8; None where it accepts none of them.

    Of two that are accepted alike, the one that is named first; where none is named, the one offered first.
    """
    ranges = [found for text in _parted(",".join(headers)) if (found := media_type_of(text)) is not None]
    if not "".join(headers).strip():
        return offered[0]
    judged = [(_judged(name, ranges), -number, name) for number, name in enumerate(offered)]
    (quality, _), _, best = max(judged)
    return best if quality > 0 else None


def _judged(name: str, ranges: Sequence[MediaType]) -> tuple[float, int]:
    """Return how well a media type is accepted, and how early it is named."""
    best: tuple[int, float, int] = (0, 0.0, -len(ranges))
    for number, one in enumerate(ranges):
        specificity = _specificity(one, name)
        if specificity > best[0]:
            best = (specificity, _quality(one), -number)
    return best[1], best[2]


def _specificity(one: MediaType, name: str) -> int:
    if not one.is_utf_8:
        return 0
    if one.name == name:
        return 3
    if one.name == f"{name.partition('/')[0]}/*":
        return 2
    return 1 if one.name == "*/*" else 0


def _quality(one: MediaType) -> float:
    stated = one.parameters.get("q", "1")
    return float(stated) if _QUALITY.fullmatch(stated) else 0.0


def _parted(text: str) -> list[str]:
    """Return what commas part, save those between quotation marks."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"|")+', text)
