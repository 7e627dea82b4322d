"""The schema, the list of fields that policies decide, and the printed SDL say the same."""

import json
from pathlib import Path

import pytest
from graphql import (
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_specified_scalar_type,
)

from gateway.disclosure.fields import FIELDS, LEVELS
from gateway.vocabulary import RecordType
from schema.directory import DIRECTORY, printed

SDL = Path(__file__).resolve().parents[2] / "schema" / "directory.graphql"
SCHEMA = DIRECTORY._schema
QUESTIONS = {RecordType.ASK, RecordType.SEARCH, RecordType.LEDGER_ENTRY}
"""What is decided and is no object of the graph."""
PSEUDO_FIELDS = {RecordType.CHILD: {"accessLog"}}
"""Decided on the record, read through a root field."""
VALUES = {
    "Query", "ChildSearch", "SourceOutcome", "Address", "FormerName", "Provenance", "Withheld", "SafeguardingContact",
    "AccessLogConnection", "AccessLogEdge", "PageInfo", "_Service",
    "Mutation", "UserError", "ResponsibilityTransferConnection", "ResponsibilityTransferEdge",
    "BrokeredContactConnection", "BrokeredContactEdge",
    "AccessReviewConnection", "AccessReviewEdge", "RecordedReviewOutcome",
    "QueueConnection", "QueueEdge", "WorkedOutcome",
} | {name for name in SCHEMA.type_map if name.endswith("Payload")}  # fmt: skip
"""Object types without a decision of their own: they are parts of a told field, or hold records."""
OURS = {name: one for name, one in SCHEMA.type_map.items() if not name.startswith(("_", "link__"))}
"""Without what federation and introspection bring."""


@pytest.mark.parametrize("record_type", sorted(set(FIELDS) - QUESTIONS))
def test_policies_are_asked_about_every_field_of_a_record_and_no_other(record_type):
    in_schema = set(SCHEMA.type_map[record_type.value].fields)

    assert set(FIELDS[record_type]) - PSEUDO_FIELDS.get(record_type, set()) == in_schema


def test_every_object_type_is_a_disclosed_record_or_a_known_value():
    objects = {name for name, one in OURS.items() if is_object_type(one)} | {"_Service"}

    assert objects == {record_type.value for record_type in set(FIELDS) - QUESTIONS} | VALUES


@pytest.mark.parametrize("action", sorted(SCHEMA.mutation_type.fields))
def test_a_payload_holds_the_record_changed_or_errors_and_nothing_else(action):
    payload = SCHEMA.mutation_type.fields[action].type.of_type
    kinds = {name: str(field.type) for name, field in payload.fields.items()}

    assert kinds.pop("errors") == "[UserError!]!"
    assert set(kinds.values()) < {record_type.value for record_type in FIELDS}
    assert len(kinds) == 1


@pytest.mark.parametrize("action", sorted(SCHEMA.mutation_type.fields))
def test_every_change_has_a_key_and_is_an_action_of_the_rules(action):
    book = json.loads((SDL.parents[1] / "policies" / "data.json").read_text(encoding="utf-8"))
    (stated,) = SCHEMA.mutation_type.fields[action].args.values()

    assert str(stated.type.of_type.fields["idempotencyKey"].type) == "String!"
    assert action in book["fields"]["Action"]["actions"]


def test_a_field_that_leads_to_records_is_a_level():
    records = {record_type.value for record_type in FIELDS}
    leading = {
        (record_type, name)
        for record_type in set(FIELDS) - QUESTIONS
        for name, one in SCHEMA.type_map[record_type.value].fields.items()
        if str(one.type).strip("[]!") in records
    }

    assert {(one, name) for one, names in LEVELS.items() for name in names} >= leading


def test_the_sdl_in_the_package_is_the_schema():
    assert SDL.read_text(encoding="utf-8") == printed()


def _described():
    for name, one in OURS.items():
        if is_specified_scalar_type(one):
            continue
        yield name, one.description
        if is_enum_type(one):
            yield from ((f"{name}.{value}", definition.description) for value, definition in one.values.items())
        if is_object_type(one) or is_interface_type(one):
            for field_name, definition in one.fields.items():
                if field_name.startswith("_"):
                    continue
                yield f"{name}.{field_name}", definition.description
                for argument, stated in definition.args.items():
                    yield f"{name}.{field_name}({argument})", stated.description
        if is_input_object_type(one):
            yield from ((f"{name}.{field}", definition.description) for field, definition in one.fields.items())


def test_every_type_field_argument_and_enum_value_has_a_description():
    assert [name for name, description in _described() if not (description or "").strip()] == []
