"""The tree against the recursive definition of RFC 9162 and the vectors that Certificate Transparency published."""

import ast
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import merkle
from gateway.ledger.merkle import (
    EMPTY_ROOT,
    TreeHead,
    consistency_spans,
    inclusion_spans,
    nodes_of,
    root_over,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots of certificate-transparency's own tests (merkle_tree_test.cc), in hex.
REFERENCE_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
REFERENCE_INCLUSIONS = [
    (0, 1, []),
    (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
REFERENCE_CONSISTENCIES = [
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip

SIZES = st.integers(1, 70)


def sha(message):
    return hashlib.sha256(message).digest()


def leaf(content):
    return sha(b"\x00" + content)


def leaves_of(size):
    return [leaf(b"%d" % number) for number in range(size)]


def naive_root(leaves):
    """MTH of RFC 9162, 2.1.1, over leaf hashes."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = naive_split(len(leaves))
    return sha(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:]))


def naive_split(size):
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def naive_path(index, leaves):
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    split = naive_split(len(leaves))
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(size, leaves):
    """PROOF of RFC 9162, 2.1.4.1."""
    return naive_subproof(size, leaves, True)


def naive_subproof(size, leaves, complete):
    if size == len(leaves):
        return [] if complete else [naive_root(leaves)]
    split = naive_split(len(leaves))
    if size <= split:
        return [*naive_subproof(size, leaves[:split], complete), naive_root(leaves[split:])]
    return [*naive_subproof(size - split, leaves[split:], False), naive_root(leaves[:split])]


def hash_of(span, leaves):
    """The hash of a span from the perfect nodes that cover it."""
    return root_over([naive_root(leaves[i << level : (i + 1) << level]) for level, i in nodes_of(*span)])


def changed(proof):
    """The proof with every element altered, left out, doubled or exchanged, one at a time."""
    for at, found in enumerate(proof):
        for bit in (0, 255):
            altered = bytearray(found)
            altered[bit // 8] ^= 1 << bit % 8
            yield [*proof[:at], bytes(altered), *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[: at + 1], *proof[at:]]
        yield [*proof[:at], found[:-1], *proof[at + 1 :]]
        if at and proof[at - 1] != found:
            yield [*proof[: at - 1], found, proof[at - 1], *proof[at + 1 :]]
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]


def test_the_module_imports_hashlib_and_nothing_else():
    tree = ast.parse(Path(merkle.__file__).read_text())

    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert [ast.unparse(node) for node in imported] == ["import hashlib"]


@pytest.mark.parametrize(("size", "root"), [*enumerate(REFERENCE_ROOTS, start=1)])
def test_heads_are_those_of_the_published_vectors(size, root):
    head = TreeHead()
    for content in REFERENCE_LEAVES[:size]:
        head.append(leaf(content))

    assert (head.size, head.root.hex()) == (size, root)


@pytest.mark.parametrize(("index", "size", "proof"), REFERENCE_INCLUSIONS)
def test_published_inclusion_proofs_are_made_and_verified(index, size, proof):
    leaves = [leaf(content) for content in REFERENCE_LEAVES]
    expected = [bytes.fromhex(found) for found in proof]

    assert [hash_of(span, leaves) for span in inclusion_spans(index, size)] == expected
    assert verify_inclusion(index, size, leaves[index], expected, bytes.fromhex(REFERENCE_ROOTS[size - 1]))


@pytest.mark.parametrize(("size1", "size2", "proof"), REFERENCE_CONSISTENCIES)
def test_published_consistency_proofs_are_made_and_verified(size1, size2, proof):
    leaves = [leaf(content) for content in REFERENCE_LEAVES]
    expected = [bytes.fromhex(found) for found in proof]
    root1, root2 = (bytes.fromhex(REFERENCE_ROOTS[size - 1]) for size in (size1, size2))

    assert [hash_of(span, leaves) for span in consistency_spans(size1, size2)] == expected
    assert verify_consistency(size1, size2, root1, root2, expected)


@given(SIZES)
def test_a_head_is_the_root_of_the_definition(size):
    head = TreeHead()
    for found in leaves_of(size):
        head.append(found)

    assert head.root == naive_root(leaves_of(size))


@given(st.data())
def test_a_head_grows_by_nodes_as_by_leaves(data):
    size = data.draw(SIZES)
    begin = data.draw(st.integers(0, size))
    leaves = leaves_of(size)
    head = TreeHead()

    for level, index in [*nodes_of(0, begin), *nodes_of(begin, size)]:
        head.append_node(level, naive_root(leaves[index << level : (index + 1) << level]))

    assert (head.size, head.root) == (size, naive_root(leaves))


@given(st.data())
def test_nodes_of_a_span_cover_it_once_and_are_few(data):
    end = data.draw(st.integers(1, 10_000))
    begin = data.draw(st.integers(0, end))

    nodes = nodes_of(begin, end)

    covered = [number for level, index in nodes for number in range(index << level, (index + 1) << level)]
    assert covered == list(range(begin, end))
    assert len(nodes) <= 2 * end.bit_length()


@given(st.data())
def test_inclusion_proofs_are_those_of_the_definition_and_no_others_verify(data):
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root = naive_root(leaves)

    proof = [hash_of(span, leaves) for span in inclusion_spans(index, size)]

    assert proof == naive_path(index, leaves)
    assert verify_inclusion(index, size, leaves[index], proof, root)
    for wrong in changed(proof):
        assert not verify_inclusion(index, size, leaves[index], wrong, root)
    for other in {*range(size + 2)} - {index}:
        assert not verify_inclusion(other, size, leaves[index], proof, root)
    assert not verify_inclusion(index, size, leaf(b"another"), proof, root)
    assert not verify_inclusion(index, size, leaves[index], proof, leaf(b"another"))


@given(st.data())
def test_consistency_proofs_are_those_of_the_definition_and_no_others_verify(data):
    size2 = data.draw(SIZES)
    size1 = data.draw(st.integers(1, size2))
    leaves = leaves_of(size2)
    root1, root2 = naive_root(leaves[:size1]), naive_root(leaves)

    proof = [hash_of(span, leaves) for span in consistency_spans(size1, size2)]

    assert proof == naive_proof(size1, leaves)
    assert verify_consistency(size1, size2, root1, root2, proof)
    for wrong in changed(proof):
        assert not verify_consistency(size1, size2, root1, root2, wrong)
    assert not verify_consistency(size1, size2, leaf(b"another"), root2, proof)
    assert not verify_consistency(size1, size2, root1, leaf(b"another"), proof)


@given(st.data())
def test_a_rewritten_history_is_never_consistent(data):
    size2 = data.draw(st.integers(2, 40))
    size1 = data.draw(st.integers(1, size2 - 1))
    edited = data.draw(st.integers(0, size1 - 1))
    leaves = leaves_of(size2)
    rewritten = [*leaves[:edited], leaf(b"another"), *leaves[edited + 1 :]]

    proof = [hash_of(span, rewritten) for span in consistency_spans(size1, size2)]

    assert not verify_consistency(size1, size2, naive_root(leaves[:size1]), naive_root(rewritten), proof)


def test_every_tree_begins_with_the_empty_one():
    root = naive_root(leaves_of(5))

    assert verify_consistency(0, 5, EMPTY_ROOT, root, [])
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(0, 5, root, root, [])
    assert not verify_consistency(0, 5, EMPTY_ROOT, root, [root])
    assert not verify_consistency(0, 0, EMPTY_ROOT, root, [])
    assert consistency_spans(0, 5) == consistency_spans(5, 5) == []


def test_equal_sizes_are_consistent_if_the_roots_are():
    root = naive_root(leaves_of(5))

    assert verify_consistency(5, 5, root, root, [])
    assert not verify_consistency(5, 5, root, leaf(b"another"), [])
    assert not verify_consistency(5, 5, root, root, [root])


@pytest.mark.parametrize(
    ("index", "size"), [(-1, 5), (5, 5), (0, 0), (0, -1), ("0", 5), (0, None), (0.0, 5), (True, 5)]
)
def test_numbers_that_make_no_sense_verify_nothing(index, size):
    leaves = leaves_of(5)
    root = naive_root(leaves)

    assert not verify_inclusion(index, size, leaves[0], naive_path(0, leaves), root)
    assert (index, size) == (5, 5) or not verify_consistency(index, size, root, root, [])


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), "0" * 32, None])
def test_hashes_of_another_length_or_kind_verify_nothing(wrong):
    leaves = leaves_of(5)
    root, path, proof = naive_root(leaves), naive_path(0, leaves), naive_proof(3, leaves)

    assert not verify_inclusion(0, 5, wrong, path, root)
    assert not verify_inclusion(0, 5, leaves[0], path, wrong)
    assert not verify_inclusion(0, 5, leaves[0], [wrong, *path[1:]], root)
    assert not verify_consistency(3, 5, wrong, root, proof)
    assert not verify_consistency(3, 5, root, wrong, proof)
    assert not verify_consistency(3, 5, naive_root(leaves[:3]), root, [wrong, *proof[1:]])


@pytest.mark.parametrize("wrong", [None, 5, "", b""])
def test_what_is_no_sequence_of_hashes_verifies_nothing(wrong):
    only = leaf(b"0")

    assert not verify_inclusion(0, 1, only, wrong, only)
    assert not verify_consistency(1, 1, only, only, wrong)


def test_proofs_that_no_tree_can_have_are_not_made():
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_spans(5, 5)
    with pytest.raises(ValueError, match="not larger"):
        consistency_spans(6, 5)
    with pytest.raises(ValueError, match="multiple"):
        TreeHead([(0, leaf(b""))]).append_node(1, leaf(b""))


def test_a_proof_of_a_billion_leaves_is_short():
    assert len(inclusion_spans(123_456_789, 1_000_000_007)) <= 30
    assert len(consistency_spans(123_456_789, 1_000_000_007)) <= 31
