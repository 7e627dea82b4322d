"""How large a document may be, measured before anything runs."""

from dataclasses import fields, replace

import pytest
from graphql import OperationDefinitionNode, parse, visit
from graphql.language import SelectionNode, Visitor

from gateway.asked import Operation
from gateway.errors import BadRequest, QueryTooCostly
from gateway.settings import Settings
from schema.directory import DIRECTORY
from schema.limits import Limits, Measuring, measure
from schema.reading import COMPARISON_LIMIT, REMEMBERED_TEXT, DocumentReader
from schema.sizes import Sizes

SCHEMA = DIRECTORY._schema
SIZES = Sizes(SCHEMA)
DEFAULT = Limits(tokens=1_000, depth=10, aliases=15, directives=10, root_fields=20, operations=1, nodes=1_000)
ANY = Limits(**{field.name: 10**100 for field in fields(Limits)})
LIFTING = 'liftWithholding(input: {idempotencyKey: "k", withholding: "w", reason: "r"}) { errors { code } }'
SEARCH = 'searchChildren(criteria: {upn: "x"}'


def size(text, limits=ANY, **variables):
    return measure(parse(text), schema=SCHEMA, sizes=SIZES, limits=limits, variables=variables or None)


def refusal_of(text, *, variables=None, limits=DEFAULT):
    reader, operation = DocumentReader(SCHEMA, limits), Operation(text=text, name=None, variables=variables or {})
    with pytest.raises(QueryTooCostly) as caught:
        reader.hold(reader.read(operation), operation)
    return caught.value


def test_the_settings_have_the_limits_of_the_readme():
    stated = Settings()

    assert replace(
        DEFAULT,
        tokens=stated.token_limit,
        depth=stated.depth_limit,
        aliases=stated.alias_limit,
        directives=stated.directive_limit,
        root_fields=stated.root_field_limit,
        operations=stated.operation_limit,
        nodes=stated.cost_limit,
    ) == DEFAULT  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ me { " + "role " * 1_000 + "} }", "more than 1000 tokens"),
        (f"{{ node(id: 1) {'{ ... on Child { carers { children' * 5} {{ id }} {'} } }' * 5} }}", "12 levels of depth"),
        ("{ me { " + " ".join(f"x{n}: role" for n in range(16)) + " } }", "16 aliases; at most 15"),
        ("{ me { role " + "@include(if: true) " * 11 + "} }", "11 directives; at most 10"),
        ("{ " + "me { role } " * 21 + "}", "21 root fields; at most 20"),
        ("query a { me { role } } query b { me { role } }", "2 operations; at most 1"),
        ("{ " + SEARCH + ", first: 1001) { candidates { grade } } }", "1001 records"),
        (f"mutation {{ {LIFTING} {LIFTING} }}", "2 changes; at most 1"),
        ("{ " + " ".join(f"{x}: __schema {{ description }}" for x in "abc") + " }", "3 reads of the schema; at most 2"),
        ("{ child(by: {id: 1}) { " + "carers { id } " * 26 + "} }", "26 fields of one name in one place; at most 25"),
        ("{ child(by: {id: 1}) { " + "... { carers { id } } " * 110 + "} }", "repeats more fields than are compared"),
        ("{ me { role } __schema { description } }", "reads the schema beside other fields"),
        ("{ a " * 300 + "}" * 300, "nested too deeply"),
    ],
    ids=lambda value: value if value[0].isalnum() else "",
)  # fmt: skip
def test_a_document_over_a_limit_is_refused_with_limit_value_and_way_out(text, message):
    refusal = refusal_of(text)

    assert message in refusal.message
    assert refusal.message.endswith(".")
    assert refusal.message.count(". ") >= 1, "what is wrong, and then what to do"


def test_a_document_is_given_up_where_65_brackets_are_open_and_not_where_it_ends():
    nested = {count: "{ a " * count + "}" * count for count in (64, 65)}

    assert "64 levels of depth" in refusal_of(nested[64]).message
    assert "nested too deeply" in refusal_of(nested[65]).message
    assert "nested too deeply" in refusal_of("{ a(b: " + "[" * 64).message


def alike(roles, *others):
    """A document that selects one field so many times, and others as often as stated, each in a fragment of its own."""
    repeated = ["role"] * roles + [name for name, times in others for _ in range(times)]
    return "{ me { " + " ".join(f"... {{ {name} }}" for name in repeated) + " } }"


def test_fields_that_are_alike_are_compared_in_5_000_steps_and_in_no_more():
    """Two steps for each pair of fields: 71 * 70 + 6 * 5 of them, and then two more."""
    reader = DocumentReader(SCHEMA, DEFAULT)

    read = reader.read(Operation(text=alike(71, ("name", 6)), name=None, variables={}))

    assert (read.kind, COMPARISON_LIMIT) == ("query", 5_000)
    assert "in 5000 steps" in refusal_of(alike(71, ("name", 6), ("id", 2))).message


def test_where_more_operations_are_allowed_the_one_that_is_named_is_meant():
    reader = DocumentReader(SCHEMA, replace(DEFAULT, operations=2))
    text = f"query look {{ me {{ role }} }} mutation lift {{ {LIFTING} }}"

    kinds = {name: reader.read(Operation(text=text, name=name, variables={})).kind for name in ("look", "lift")}

    assert kinds == {"look": "query", "lift": "mutation"}
    with pytest.raises(BadRequest, match="operationName"):
        reader.read(Operation(text=text, name=None, variables={}))


def test_depth_counts_levels_of_fields():
    assert size("{ me { name authority { name } } }").depth == 3


def test_depth_counts_through_fragments():
    text = "{ node(id: 1) { ...a } } fragment a on Child { carers { ...b } } fragment b on Carer { name }"

    assert size(text).depth == 3


def test_root_fields_are_counted_through_fragments():
    roots = "me { role } " * 11
    text = f"{{ ...a ...b }} fragment a on Query {{ {roots} }} fragment b on Query {{ {roots} }}"

    assert "22 root fields" in refusal_of(text).message


@pytest.mark.parametrize(
    "text",
    [
        "query @skip(if: false) { me { role } }",
        "query($a: Int @skip(if: false)) { me { role } }",
        "{ ... @skip(if: false) { me { role } } }",
        "{ ...a @skip(if: false) } fragment a on Query { me { role } }",
        "{ ...a } fragment a on Query @skip(if: false) { me { role } }",
        "{ __schema { description @skip(if: false) } }",
    ],
)
def test_a_directive_counts_wherever_it_stands(text):
    assert size(text).directives == 1


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("{ me { role } }", 1),
        ("{ child(by: {id: 1}) { id } }", 1),
        ("{ child(by: {id: 1}) { carers { name } } }", 1 + 3),
        ("{ child(by: {id: 1}) { carers { children { id } } } }", 1 + 3 * (1 + 3)),
        ("{ child(by: {id: 1}) { involvements { practitioner { agency { name } } } } }", 1 + 4 * 3),
        ("{ child(by: {id: 1}) { withheld { field } provenance { source } } }", 1),
        ("{ " + SEARCH + ") { candidates { grade } } }", 20),
        ("{ " + SEARCH + ", first: 50) { candidates { child { id } } } }", 50 * 2),
        ("{ " + SEARCH + ", first: 50) { sources { authority { name } } } }", 10),
        ("{ " + SEARCH + ", first: 7) { ...f } } fragment f on ChildSearch { candidates { child { id } } }", 7 * 2),
        ("{ accessLog(child: 1, first: 100) { edges { node { at } } } }", 100),
        ("{ accessReview(from: 1, to: 2, first: 40) { edges { node { entries { at } } } } }", 40 * 21),
        ("{ node(id: 1) { ... on Child { carers { name } } ... on Carer { children { id } } } }", 1 + 3 + 3),
        ("{ _entities(representations: [{}, {}, {}]) { ... on Child { id } } }", 3),
        ("{ unheardOf { of { it } } }", 0),
    ],
)  # fmt: skip
def test_every_list_multiplies_what_lies_below_it(text, records):
    assert size(text).nodes == records


def test_the_widest_question_of_the_readme_is_within_the_limit():
    text = (
        "{ " + SEARCH + ", first: 50) { candidates { child { carers { name } settings { name }"
        " involvements { practitioner { name agency { name } } } } } } }"
    )

    assert size(text, DEFAULT).nodes == 50 * (2 + 3 + 2 + 4 * 3)


WIDE = (
    "query($first: Int! = 3) { "
    + SEARCH
    + ", first: $first) { candidates { child { "
    + ("carers { children { id } } } } } }")
)


@pytest.mark.parametrize(("variables", "records"), [({}, 3 * 14), ({"first": 50}, 50 * 14), ({"first": -5}, 0)])
def test_a_length_in_a_variable_is_that_of_the_ask(variables, records):
    measuring = Measuring(SCHEMA, SIZES, parse(WIDE), variables)

    assert [measure.nodes for _, measure in measuring.measured()] == [records]


def test_a_length_in_a_variable_is_held_to_the_limit_before_anything_runs():
    assert "1120 records" in refusal_of(WIDE, variables={"first": 80}).message


def test_references_from_another_subgraph_count_one_by_one():
    text = "query($known: [_Any!]!) { _entities(representations: $known) { ... on Child { id } } }"

    assert "1001 records" in refusal_of(text, variables={"known": [{}] * 1_001}).message


def test_a_length_of_many_digits_is_over_the_limit_and_not_an_error():
    assert "records" in refusal_of("{ " + SEARCH + ", first: " + "9" * 5_000 + ") { candidates { grade } } }").message


def doubled(spread, *, of, end):
    fragments = " ".join(f"fragment f{n} on {of} {{ {spread.format(n + 1)} }}" for n in range(60))
    return f"{fragments} fragment f60 on {of} {{ {end} }}"


class _Counting(Visitor):
    def __init__(self):
        super().__init__()
        self.nodes = 0

    def enter(self, node, *_):
        self.nodes += isinstance(node, SelectionNode)


@pytest.mark.parametrize(
    "text",
    [
        "{ ...f0 } " + doubled("...f{0} ...f{0}", of="Query", end="a: me { role }"),
        "{ child(by: {id: 1}) { ...f0 } } "
        + doubled(
            "carers {{ children {{ ...f{0} }} }} again: carers {{ children {{ ...f{0} }} }}", of="Child", end="id"
        ),
        "{ me { ...f0 } } " + doubled("... @skip(if: false) {{ ...f{0} }} ...f{0}", of="Caller", end="role"),
    ],
    ids=["root", "through-fields", "under-directives"],
)
def test_doubled_fragment_spreads_are_measured_in_as_many_steps_as_there_are_selections(text):
    document = parse(text)
    counting = _Counting()
    visit(document, counting)

    measuring = Measuring(SCHEMA, SIZES, document)
    list(measuring.measured())

    assert measuring.steps == counting.nodes
    assert len([one for one in document.definitions if isinstance(one, OperationDefinitionNode)]) == 1
    refusal_of(text, limits=replace(DEFAULT, tokens=10_000, depth=10_000))


def chain(fragments):
    spreads = " ".join(f"fragment f{n} on Caller {{ ...f{n + 1} }}" for n in range(fragments))
    return f"{{ me {{ ...f0 }} }} {spreads} fragment f{fragments} on Caller {{ role }}"


def test_a_chain_of_fragments_is_read():
    assert DocumentReader(SCHEMA, DEFAULT).read(Operation(text=chain(100), name=None, variables={})).kind == "query"


def test_a_chain_of_fragments_as_long_as_an_operators_limit_allows_is_refused_and_not_an_error():
    assert "nested too deeply" in refusal_of(chain(2_000), limits=replace(DEFAULT, tokens=100_000)).message


def test_reading_the_schema_is_as_deep_as_clients_need():
    text = "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { name } } } } } } } } }"

    assert size(text, replace(DEFAULT, depth=3)).introspects


def test_a_schema_read_through_its_own_types_is_refused():
    reader = DocumentReader(SCHEMA, DEFAULT)
    text = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"

    with pytest.raises(BadRequest, match="introspection depth"):
        reader.read(Operation(text=text, name=None, variables={}))


def test_a_fragment_that_contains_itself_is_left_to_the_validation():
    assert size("{ ...a } fragment a on Query { me { role } ...a }").depth == 2


@pytest.mark.parametrize(
    "text",
    [
        '{ searchChildren(criteria: {familyName: "Rahmani", dateOfBirth: "Ayesha"}) { sources { status } } }',
        '{ searchChildren(criteria: {familyName: "Rahmani", gender: "Ayesha"}) { sources { status } } }',
        '{ searchChildren(criteria: "Ayesha") { sources { status } } }',
        '{ searchChildren(criteria: {unheardOf: "Ayesha"}) { sources { status } } }',
        '{ searchChildren(criteria: {}, first: "Ayesha") { sources { status } } }',
        'query($c: ChildCriteria = {gender: "Ayesha"}) { searchChildren(criteria: $c) { sources { status } } }',
        '{ me { role "Ayesha" } }',
        '{ me { role """Ayesha""" } }',
        '{ searchChildren(criteria: {familyName: "Ayesha) { sources { status } } }',
        '{ searchChildren(criteria: {familyName: "Ayesha\\x"}) { sources { status } } }',
        "{ searchChildren(criteria: {familyName: Ayesha Rahmani}) { sources { status } } }",
    ],
)
def test_what_a_document_holds_of_values_is_not_repeated_in_its_error(text):
    with pytest.raises(BadRequest) as caught:
        DocumentReader(SCHEMA, DEFAULT).read(Operation(text=text, name=None, variables={}))

    assert "Ayesha" not in caught.value.message


def test_a_subscription_is_refused_in_words():
    with pytest.raises(BadRequest, match="Subscriptions are not served"):
        DocumentReader(SCHEMA, DEFAULT).read(Operation(text="subscription { me { role } }", name=None, variables={}))


def test_documents_that_are_refused_are_not_remembered_and_others_are_up_to_a_number():
    reader = DocumentReader(SCHEMA, DEFAULT)

    for n in range(1_100):
        reader.read(Operation(text=f"{{ me {{ a{n}: role }} }}", name=None, variables={}))
        with pytest.raises(BadRequest):
            reader.read(Operation(text=f"{{ unheardOf{n} }}", name=None, variables={}))

    assert len(reader._read) == 1_000


def test_long_documents_are_remembered_up_to_a_length_of_all_together():
    reader = DocumentReader(SCHEMA, DEFAULT)
    long = [Operation(text=f"# {'x' * 9_900}\n{{ me {{ a{n}: role }} }}", name=None, variables={}) for n in range(60)]

    for operation in long:
        reader.read(operation)
        reader.kept(operation, reader.judged(operation))  # two who ask it at once have it read twice

    remembered = [operation for operation in long if reader.remembered(operation)]
    assert remembered == long[-len(remembered) :]
    assert REMEMBERED_TEXT - 10_000 < sum(len(operation.text) for operation in remembered) <= REMEMBERED_TEXT
