"""The Merkle tree of RFC 9162, section 2.1: heads, proofs and their verification; nothing here knows of storage.

Hashes are SHA-256 as bytes. A tree over leaves `begin` to `end` (not included) is written as that pair.
A node is `(level, index)`: the root over the `2 ** level` leaves from `index * 2 ** level` on.
"""

import hashlib

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node = tuple[int, int]
Span = tuple[int, int]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: list[bytes] | tuple[bytes, ...], root: bytes
) -> bool:
    """Whether the proof shows that the leaf stands at `index` in the tree of `size` leaves with this root.

    Source: RFC 9162, 2.1.3.2.
    """
    if not (_are_sizes(index, size) and index < size and _is_proof(proof) and _are_hashes(leaf_hash, root)):
        return False
    place, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes] | tuple[bytes, ...]
) -> bool:
    """Whether the proof shows that the tree of `size2` leaves begins with the tree of `size1`.

    Every tree begins with the empty one, whose root is known, and with itself: there the proof is empty.
    Source: RFC 9162, 2.1.4.2.
    """
    if not (_are_sizes(size1, size2) and size1 <= size2 and _is_proof(proof) and _are_hashes(root1, root2)):
        return False
    if (size1 == 0 and root1 != EMPTY_ROOT) or (size2 == 0 and root2 != EMPTY_ROOT):
        return False
    if size1 == 0 or size1 == size2:
        return not proof and (size1 != size2 or root1 == root2)
    return _leads_from_one_to_the_other(size1, size2, root1, root2, proof)


def _leads_from_one_to_the_other(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes] | tuple[bytes, ...]
) -> bool:
    # A first tree that is perfect is itself a node of the second, and the proof leaves it out.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = size1 - 1, size2 - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and first == root1 and second == root2


def _are_sizes(*numbers: object) -> bool:
    return all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers)


def _is_proof(proof: object) -> bool:
    return isinstance(proof, list | tuple) and _are_hashes(*proof)


def _are_hashes(*hashes: object) -> bool:
    return all(isinstance(found, bytes) and len(found) == HASH_BYTES for found in hashes)


class TreeHead:
    """The head of a tree that grows at its right edge; holds one hash for each bit of its size."""

    def __init__(self, peaks: list[tuple[int, bytes]] | tuple[tuple[int, bytes], ...] = ()) -> None:
        """Begin with the peaks of a tree, from the left, each with its level; none is the empty tree."""
        self._peaks = list(peaks)
        self.size = sum(1 << level for level, _ in self._peaks)

    def copy(self) -> "TreeHead":
        """Return a head that grows by itself from here on."""
        return TreeHead(self._peaks)

    def append(self, leaf_hash: bytes) -> None:
        """Take one more leaf."""
        self.append_node(0, leaf_hash)

    def append_node(self, level: int, found: bytes) -> None:
        """Take the root of `2 ** level` more leaves.

        Raises:
            ValueError: A node of this level cannot begin here.
        """
        if self.size % (1 << level):
            raise ValueError("a node begins at a multiple of its width")
        self.size += 1 << level
        while self._peaks and self._peaks[-1][0] == level:
            found = node_hash(self._peaks.pop()[1], found)
            level += 1
        self._peaks.append((level, found))

    @property
    def root(self) -> bytes:
        """Return the root hash."""
        return root_over([found for _, found in self._peaks])


def root_over(hashes: list[bytes]) -> bytes:
    """Return the root over the nodes that `nodes_of` names for a tree or for one hash of a proof."""
    if not hashes:
        return EMPTY_ROOT
    found = hashes[-1]
    for left in reversed(hashes[:-1]):
        found = node_hash(left, found)
    return found


def root_over_whole(hashes: list[bytes]) -> bytes:
    """Return the root over as many leaves as a power of two, level by level: with many, in half the time of a head."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]


def nodes_of(begin: int, end: int) -> list[Node]:
    """Return the fewest nodes that cover the leaves of a span, from the left."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return what each hash of an inclusion proof is the root of, in the order of the proof.

    Raises:
        ValueError: The tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    spans = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _left_width(end - begin)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    return spans[::-1]


def consistency_spans(size1: int, size2: int) -> list[Span]:
    """Return what each hash of a consistency proof is the root of, in the order of the proof.

    Raises:
        ValueError: The first tree is larger than the second.
    """
    if not 0 <= size1 <= size2:
        raise ValueError("the first tree is not larger than the second")
    if size1 in (0, size2):
        return []
    spans = []
    begin, end = 0, size2
    while end != size1:
        middle = begin + _left_width(end - begin)
        if size1 <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    if begin:
        spans.append((begin, end))
    return spans[::-1]


def _left_width(width: int) -> int:
    """Return the largest power of two below the width of a span."""
    return 1 << ((width - 1).bit_length() - 1)
