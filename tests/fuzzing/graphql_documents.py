"""Documents and variables over the whole graph, mutations included: most of them valid, many nearly so."""

import json

from graphql import (
    GraphQLNonNull,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from schema.directory import DIRECTORY
from tests.fuzzing.broken import ODD

SCHEMA = DIRECTORY._schema
ALWAYS = GraphQLNonNull(SCHEMA.type_map["Boolean"])
TYPED = "Zebedee"
"""What a caller typed, and no error may repeat."""
WORDS = (
    "",
    "child",
    "me",
    "...",
    "{",
    "}",
    "(",
    ")",
    "$",
    ":",
    "!",
    "@skip(if: $x)",
    "@include(if: null)",
    '"""',
    "#",
    "\u2028",
)
PLAUSIBLE = {
    "String": ["Okafor", "Zebedee", "Zeb*", "M33 2TL", "*", "2015-03-04", "9434765919"],
    "Int": [0, 1, 5, 20, 50, 51, -1, 2**31 - 1, 2**31],
    "Float": [0.5, 1, -1.0],
    "Boolean": [True, False],
    "Date": ["2015-06-01", "2026-11-22", "0001-01-01", "9999-12-31", "2026-02-30"],
    "DateTime": [
        "2026-11-22T10:00:00Z", "2026-11-22T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    ],
    "LocalAuthorityCode": ["E08000009", "E08000003", "358", "W06000001", "E0800000९"],
}  # fmt: skip


class _Draft:
    def __init__(self, chance, ids):
        self.chance = chance
        self.ids = ids
        self.variables = {}
        self.fragments = []

    def one_in(self, number):
        return self.chance.randrange(number) == 0

    def selection(self, parent, depth):
        if is_abstract_type(parent):
            kinds = self.chance.sample(SCHEMA.get_possible_types(parent), 2)
            return (
                "{ __typename " + " ".join(f"... on {kind.name} {self.selection(kind, depth)}" for kind in kinds) + " }"
            )
        names = self.chance.sample(sorted(parent.fields), min(len(parent.fields), self.chance.randint(1, 5)))
        parts = [self.field(parent.fields[name], name, depth) for name in names]
        body = " ".join(part for part in parts if part) or "__typename"
        if self.one_in(8):
            self.fragments.append(f"fragment F{len(self.fragments)} on {parent.name} {{ {body} }}")
            return f"{{ ...F{len(self.fragments) - 1} }}"
        return f"{{ {body} }}"

    def field(self, definition, name, depth):
        below = get_named_type(definition.type)
        if not is_leaf_type(below) and depth <= 1:
            return ""
        stated = [
            f"{argument}: {self.argument(given.type)}"
            for argument, given in definition.args.items()
            if is_non_null_type(given.type) or self.one_in(2)
        ]
        alias = f"a{self.chance.randrange(3)}: " if self.one_in(10) else ""
        directive = ""
        if self.one_in(12):
            directive = f" @{self.chance.choice(['skip', 'include'])}(if: {self.argument(ALWAYS)})"
        said = f"{alias}{name}{f'({chr(44).join(stated)})' if stated else ''}{directive}"
        return said if is_leaf_type(below) else f"{said} {self.selection(below, depth - 1)}"

    def argument(self, kind):
        value = self.value(kind, 3)
        if self.one_in(3):
            return self.literal(value, kind)
        name = f"v{len(self.variables)}"
        self.variables[name] = (str(kind), value)
        return f"${name}"

    def value(self, kind, depth):
        if self.one_in(30):
            return self.chance.choice(ODD)
        if is_non_null_type(kind):
            return self.value(kind.of_type, depth)
        if self.one_in(14):
            return None
        if is_list_type(kind):
            return [self.value(kind.of_type, depth - 1) for _ in range(self.chance.randrange(4))]
        if is_enum_type(kind):
            return self.chance.choice(sorted(kind.values))
        if is_input_object_type(kind):
            return self.input(kind, depth)
        if kind.name == "_Any":
            return {"__typename": self.chance.choice(["Child", "Carer", "Setting", "Agency", TYPED]), "id": self.id()}
        return self.id() if kind.name == "ID" else self.chance.choice(PLAUSIBLE[kind.name])

    def input(self, kind, depth):
        if kind.is_one_of and not self.one_in(8):
            name = self.chance.choice(sorted(kind.fields))
            return {name: self.value(kind.fields[name].type, depth - 1)}
        return {
            name: self.value(field.type, depth - 1)
            for name, field in kind.fields.items()
            if is_non_null_type(field.type) or (depth > 0 and self.one_in(2))
        }

    def id(self):
        return self.chance.choice([*self.ids, *self.ids, TYPED, "chd-", "chd-" + "0" * 36, "E08000009", ""])

    def literal(self, value, kind):
        named = get_named_type(kind)
        if isinstance(value, dict):
            fields = getattr(named, "fields", {})
            parts = (
                f"{name}: {self.literal(part, fields[name].type)}" for name, part in value.items() if name in fields
            )
            return "{" + ", ".join(parts) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self.literal(part, kind) for part in value) + "]"
        return value if is_enum_type(named) and value in named.values else json.dumps(value)


@st.composite
def asks(draw, ids):
    """Draw a document's text and its variables; some texts are broken on purpose."""
    draft = _Draft(draw(st.randoms(use_true_random=False)), ids)
    kind = draft.chance.choice(["query", "query", "query", "mutation"])
    root = SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type
    names = draft.chance.sample(sorted(root.fields), 1 if kind == "mutation" else draft.chance.randint(1, 3))
    body = " ".join(part for part in (draft.field(root.fields[name], name, 4) for name in names) if part)
    stated = ", ".join(f"${name}: {kind}" for name, (kind, _) in draft.variables.items())
    text = f"{kind} Q{f'({stated})' if stated else ''} {{ {body} }} {' '.join(draft.fragments)}"
    if draft.one_in(5):
        words = text.split(" ")
        for _ in range(draft.chance.randint(1, 3)):
            words[draft.chance.randrange(len(words))] = draft.chance.choice(WORDS)
        text = " ".join(words)
    variables = {name: value for name, (_, value) in draft.variables.items() if not draft.one_in(15)}
    return text, variables
