"""How large a document may be, measured before anything runs."""

import pytest
from graphql import parse

from gateway.errors import QueryTooCostly
from schema.limits import measure


def size(text, depth_limit=10):
    return measure(parse(text), depth_limit=depth_limit)


def test_depth_counts_levels_of_fields():
    assert size("{ me { name authority { name } } }").depth == 3


def test_depth_counts_through_fragments():
    text = "{ node(id: 1) { ...a } } fragment a on Child { carers { ...b } } fragment b on Carer { name }"

    assert size(text).depth == 3


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{ a { b { c { d } } } }", "levels of depth"),
        ("{ " + " ".join(f"f{n}" for n in range(21)) + " }", "root fields"),
        ("{ a { " + " ".join(f"x{n}: b" for n in range(16)) + " } }", "aliases"),
        ("{ a { b " + "@include(if: true) " * 11 + "} }", "directives"),
        ("query a { x } query b { x }", "operations"),
    ],
)
def test_a_document_over_a_limit_is_refused_with_limit_and_value(text, limit):
    with pytest.raises(QueryTooCostly, match=limit):
        size(text, depth_limit=3)


def test_root_fields_are_counted_through_fragments():
    fields = " ".join(f"f{n}" for n in range(11))

    with pytest.raises(QueryTooCostly, match="22 root fields"):
        size(f"{{ ...a ...b }} fragment a on Query {{ {fields} }} fragment b on Query {{ {fields} }}")


def test_doubled_fragment_spreads_are_measured_in_linear_time():
    doubling = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60))

    with pytest.raises(QueryTooCostly):
        size(f"{{ ...f0 }} {doubling} fragment f60 on Query {{ a: x }}")


def test_reading_the_schema_is_as_deep_as_clients_need():
    text = "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { name } } } } } } } } }"

    assert size(text, depth_limit=3).introspects


def test_a_fragment_that_contains_itself_is_left_to_the_validation():
    assert size("{ ...a } fragment a on Query { x ...a }").depth == 1
