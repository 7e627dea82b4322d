"""The ledger's tree as it is kept: tiles of 256 neighbouring hashes, and the proofs that are read from them.

A node of the tree lies in one tile. A tile that is not full yet is not kept: its hashes are those of the entries, or
the roots of the full tiles below it. So a proof over n entries reads no more than a tile for each eight levels of the
tree, and as many partial ones.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.ledger.merkle import (
    HASH_BYTES,
    Node,
    Span,
    TreeHead,
    consistency_spans,
    inclusion_spans,
    nodes_of,
    root_over,
    root_over_whole,
)

HEIGHT: Final = 8
WIDTH: Final = 2**HEIGHT
TILE_BYTES: Final = WIDTH * HASH_BYTES

Place = tuple[int, int]
"""Level and index of a tile; its hashes are the nodes of level `HEIGHT * level` from `WIDTH * index` on."""


class TreeDamaged(Exception):
    """The tree is not the one that was signed; the message says where, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A full tile."""

    level: int
    index: int
    hashes: bytes
    root: bytes


class HashSource(Protocol):
    """Where the hashes of a tree are read."""

    async def tiles(self, places: Collection[Place]) -> Mapping[Place, bytes]:
        """Return the hashes of full tiles; one that is not there is absent."""
        ...

    async def tile_roots(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Return the roots of the full tiles of a level from index `first` to before `end`, in order."""
        ...

    async def leaf_hashes(self, first: int, end: int) -> Sequence[bytes]:
        """Return the hashes of the entries from `first` to before `end`, in order; fewer if some are not there."""
        ...


class GrowingTiles:
    """Fills tiles from the left; holds what no full tile holds yet, at most 255 hashes a level."""

    def __init__(self, size: int = 0, pending: Iterable[Iterable[bytes]] = ()) -> None:
        """Begin with the tiles of a tree of this size, and for each level the hashes that wait for a full tile."""
        self._size = size
        self._pending = [list(hashes) for hashes in pending]

    def copy(self) -> "GrowingTiles":
        """Return tiles that fill by themselves from here on."""
        return GrowingTiles(self._size, self._pending)

    def append(self, leaf_hash: bytes) -> list[Tile]:
        """Take one more leaf, and return the tiles that it filled, from the lowest."""
        self._size += 1
        filled: list[Tile] = []
        self._add(0, [leaf_hash], filled)
        return filled

    def append_whole(self, leaf_hashes: Sequence[bytes]) -> list[Tile]:
        """Take the leaves of a whole tile, and return the tiles that they filled, from the lowest.

        Raises:
            ValueError: They are not a whole tile, or one has begun.
        """
        if len(leaf_hashes) != WIDTH or self._size % WIDTH:
            raise ValueError(f"a tile begins at a multiple of {WIDTH} and has as many hashes")
        self._size += WIDTH
        filled: list[Tile] = []
        self._add(0, leaf_hashes, filled)
        return filled

    def _add(self, level: int, found: Sequence[bytes], filled: list[Tile]) -> None:
        if level == len(self._pending):
            self._pending.append([])
        waiting = self._pending[level]
        waiting.extend(found)
        if len(waiting) == WIDTH:
            tile = tile_of(level, (self._size - 1) >> (HEIGHT * (level + 1)), b"".join(waiting))
            waiting.clear()
            filled.append(tile)
            self._add(level + 1, [tile.root], filled)


def tile_of(level: int, index: int, hashes: bytes) -> Tile:
    """Return the tile with its root."""
    return Tile(level=level, index=index, hashes=hashes, root=_root_of(hashes))


def pending_places(size: int) -> list[tuple[int, int, int]]:
    """Return for each level above 0 which tiles of the level below wait for a full tile: level below, first, end."""
    places = []
    level = 1
    while (full := size >> (HEIGHT * level)) > 0:
        places.append((level - 1, full >> HEIGHT << HEIGHT, full))
        level += 1
    return places


async def growing_from(source: HashSource, size: int) -> GrowingTiles:
    """Return the tiles of a tree whose size is a multiple of a tile's width.

    Raises:
        TreeDamaged: Tiles that should be there are not.
    """
    pending: list[Sequence[bytes]] = [()] if size else []
    for level, first, end in pending_places(size):
        pending.append(_all(await source.tile_roots(level, first, end), level=level, first=first, end=end))
    return GrowingTiles(size, pending)


async def head_at(source: HashSource, size: int, *, held: int) -> TreeHead:
    """Return the head of the tree at a size; `held` is the size up to which its tiles are kept.

    Raises:
        TreeDamaged: Hashes that should be there are not.
    """
    nodes = nodes_of(0, size)
    found = await _node_hashes(source, nodes, held=held)
    return TreeHead([(node[0], found[node]) for node in nodes])


async def inclusion_proof(source: HashSource, index: int, size: int, *, held: int) -> list[bytes]:
    """Return the proof that an entry is in the tree of this size.

    Raises:
        ValueError: It is not.
        TreeDamaged: Hashes that should be there are not.
    """
    return await span_hashes(source, inclusion_spans(index, size), held=held)


async def consistency_proof(source: HashSource, size1: int, size2: int, *, held: int) -> list[bytes]:
    """Return the proof that the tree of the second size begins with that of the first.

    Raises:
        ValueError: The first is larger.
        TreeDamaged: Hashes that should be there are not.
    """
    return await span_hashes(source, consistency_spans(size1, size2), held=held)


async def span_hashes(source: HashSource, spans: Sequence[Span], *, held: int) -> list[bytes]:
    """Return the root over each span; raises as `head_at` does."""
    nodes = [nodes_of(*span) for span in spans]
    found = await _node_hashes(source, [node for covering in nodes for node in covering], held=held)
    return [root_over([found[node] for node in covering]) for covering in nodes]


async def _node_hashes(source: HashSource, nodes: Iterable[Node], *, held: int) -> dict[Node, bytes]:
    wanted = {node: _place_of(node) for node in nodes}
    full = {place for place in wanted.values() if (place[1] + 1) << (HEIGHT * (place[0] + 1)) <= held}
    tiles = await source.tiles(full)
    hashes = {}
    for node, place in wanted.items():
        if place not in full:
            hashes[node] = root_over_all(await _partial(source, node))
        elif place in tiles:
            hashes[node] = _root_of(_part(tiles[place], node))
        else:
            raise TreeDamaged(f"Tile {place[1]} of level {place[0]} is missing.")
    return hashes


def _place_of(node: Node) -> Place:
    level, index = node
    return level // HEIGHT, index >> (HEIGHT - level % HEIGHT)


def _part(tile: bytes, node: Node) -> bytes:
    above = node[0] % HEIGHT
    begin = (node[1] << above) % WIDTH
    return tile[begin * HASH_BYTES : (begin + (1 << above)) * HASH_BYTES]


async def _partial(source: HashSource, node: Node) -> Sequence[bytes]:
    level, above = divmod(node[0], HEIGHT)
    first, end = node[1] << above, (node[1] + 1) << above
    if level == 0:
        return _all(await source.leaf_hashes(first, end), level=-1, first=first, end=end)
    return _all(await source.tile_roots(level - 1, first, end), level=level - 1, first=first, end=end)


def _all(hashes: Sequence[bytes], *, level: int, first: int, end: int) -> Sequence[bytes]:
    if len(hashes) != end - first:
        what = "Entries" if level < 0 else f"Tiles of level {level}"
        raise TreeDamaged(f"{what} from {first} to {end - 1} are not all there.")
    return hashes


def root_over_all(hashes: Iterable[bytes]) -> bytes:
    """Return the root over any number of leaves."""
    head = TreeHead()
    for found in hashes:
        head.append(found)
    return head.root


def _root_of(hashes: bytes) -> bytes:
    return root_over_whole(apart(hashes))


def apart(hashes: bytes) -> list[bytes]:
    """Return joined hashes one by one."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
