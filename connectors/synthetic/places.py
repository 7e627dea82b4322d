"""Streets that do not exist in districts that do: every household has an address of its own."""

from dataclasses import dataclass

HOUSES_IN_A_STREET = 40
_SCATTER = 1_000_003
"""A prime, so that families met in order live all over the authority."""

DISTRICTS = {
    "E08000009": (
        ("M33", "Sale"),
        ("M41", "Urmston"),
        ("WA14", "Altrincham"),
        ("WA15", "Timperley"),
        ("M16", "Old Trafford"),
        ("M17", "Trafford Park"),
        ("M31", "Partington"),
        ("M32", "Stretford"),
    ),
    "E08000003": (("M8", "Manchester"), ("M14", "Manchester"), ("M20", "Manchester"), ("M40", "Manchester")),
    "E08000006": (("M5", "Salford"), ("M6", "Salford"), ("M27", "Swinton"), ("M30", "Eccles")),
    "E08000007": (("SK1", "Stockport"), ("SK4", "Stockport"), ("SK7", "Bramhall"), ("SK8", "Cheadle")),
}
_ELSEWHERE = (("ZZ1", "Anytown"), ("ZZ2", "Newbridge"), ("ZZ3", "Eastham"))

_STEMS = """Alder Amber Apple Ash Aspen Barley Beech Birch Bluebell Bramble Briar Brook Canal Cedar Chapel Cherry Clover
    Copper Cotton Cross Daisy Dale Dove Elder Elm Fern Field Finch Foundry Garden Gorse Grange Green Hawthorn Hazel
    Heather Heron Holly Ivy Juniper Kestrel Larch Lark Laurel Lime Linden Maple Meadow Mill Moss Nightingale Oak Orchard
    Park Pear Pine Plum Poplar Primrose Quarry Reed Robin Rose Rowan Rush School Sorrel Spring Station Swallow Sycamore
    Thistle Thorn Vine Walnut Weaver Well Wharf Willow Wren Yew"""
STEMS = tuple(_STEMS.split())
_SUFFIXES = ("Road", "Street", "Avenue", "Close", "Lane", "Drive", "Grove", "Crescent", "Court", "Way", "Place", "Row")
_INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True, slots=True)
class Address:
    """An address in the form the database stores it; `lines` is the text of an array."""

    lines: str
    postcode: str
    uprn: str


class Places:
    """The addresses of one authority, computed from a number and never kept."""

    def __init__(self, authority: str, *, slot: int, households: int) -> None:
        """Make room for a number of households."""
        self._districts = DISTRICTS.get(authority, _ELSEWHERE)
        self._uprn = 900_000_000_000 + slot * 400_000_000
        self._households = households

    def address(self, number: int) -> Address:
        """Return the address of a household; two numbers below the room made never share one."""
        place = number * _SCATTER % self._households
        street, house = divmod(place, HOUSES_IN_A_STREET)
        outcode, town = self._districts[street % len(self._districts)]
        name = f"{STEMS[street * 31 % len(STEMS)]} {_SUFFIXES[street // len(STEMS) % len(_SUFFIXES)]}"
        return Address(
            lines=f'{{"{house + 1} {name}","{town}"}}',
            postcode=_postcode(outcode, street),
            uprn=str(self._uprn + place),
        )


def _postcode(outcode: str, street: int) -> str:
    letters = len(_INWARD_LETTERS)
    scattered = street * 3571
    first, second = _INWARD_LETTERS[scattered // letters % letters], _INWARD_LETTERS[scattered % letters]
    return f"{outcode} {scattered // letters**2 % 9 + 1}{first}{second}"
