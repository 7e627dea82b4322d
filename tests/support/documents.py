"""GraphQL documents over the real schema, drawn by Hypothesis, and a reading of answers that owes the code nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    parse,
    validate,
)
from hypothesis import assume
from hypothesis import strategies as st

from gateway.disclosure.fields import FIELDS, attribute
from gateway.errors import QueryTooCostly
from gateway.vocabulary import RecordType
from schema.directory import DIRECTORY
from schema.limits import ONE, Limits, measure
from schema.sizes import Sizes
from tests.support.builders import HOME
from tests.support.gateway import settings_for
from tests.support.ids import named_id
from tests.support.worlds import FAMILY_NAMES, NHS_NUMBERS, OTHER, PLACES, UPNS, Key

SCHEMA = DIRECTORY._schema
SIZES = Sizes(SCHEMA)
LIMITS = Limits.of(settings_for(Path()))
RECORDS = {record_type.value for record_type in FIELDS} & set(SCHEMA.type_map)
NODES = ("Child", "Carer", "Setting", "Practitioner", "Involvement", "Agency", "LocalAuthority")
ALL = 10
"""More candidates than a drawn world has children."""
ENTITIES = tuple(name for name in NODES if name != "Agency")
_TYPES = {kind: kind.capitalize() for kind in ("child", "carer", "setting", "practitioner", "involvement", "agency")}


class Reference(NamedTuple):
    """The id that partners hold for a key, once it is known in which example."""

    key: Key

    def __repr__(self):
        return f"id of {self.key}"


def referred(value, example):
    """The value with every reference in it replaced by what stands for the id until it is known who asks."""
    if isinstance(value, Reference):
        return named_id(RecordType(_TYPES[value.key.kind]), value.key.id_in(example))
    if isinstance(value, dict):
        return {name: referred(part, example) for name, part in value.items()}
    if isinstance(value, list):
        return [referred(part, example) for part in value]
    return value


@dataclass(frozen=True)
class Document:
    """A document and its variables, which may hold references."""

    text: str
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def filters(self):
        """Whether involvements are filtered anywhere by their state."""
        return "(active:" in self.text

    def _repr_pretty_(self, printer, _cycle):
        printer.text(f"Document\n{self.text}\nwith {self.variables!r}")


@dataclass
class _Draft:
    """A document in the making."""

    draw: Any
    world: Any
    identified: bool
    filtering: bool
    about: tuple[Key, ...] = ()
    budget: int = 45
    cost: float = 0
    """Records that the document comes to so far, as the limit counts them."""
    times: int = 1
    """Of how many records the fields now drawn would be told."""
    aliases: int = 0
    directives: int = 0
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    spreading: dict[str, float] = field(default_factory=dict)
    """What a fragment costs for each record that it is spread on."""
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def one_in(self, times):
        return self.draw(st.integers(1, times)) == times

    def one_of(self, *values):
        return self.draw(st.sampled_from(values))

    def alias(self):
        self.aliases += 1
        return f"a{self.aliases}: "

    def variable(self, type_name, value):
        name = f"v{len(self.variables)}"
        self.variables[name] = (type_name, value)
        return f"${name}"

    def affords(self, records):
        return self.cost + records <= LIMITS.nodes

    @contextmanager
    def among(self, records):
        """What is drawn inside would be told of so many records."""
        before, self.times = self.times, records
        self.cost += records
        yield
        self.times = before

    def directive(self):
        if self.directives >= 8 or not self.one_in(4):
            return ""
        self.directives += 1
        condition = self.variable("Boolean!", self.one_of(True, False))
        return f" @{self.one_of('skip', 'include')}(if: {condition})"

    def reference(self, *kinds):
        """A reference to a row of the world or, now and then, to none."""
        known = [
            key
            for kind in kinds
            for key in self.world.keys(kind)  # the tables are named as the kinds are
        ]
        focus = [key for key in self.about if key.kind in kinds]
        if focus and not self.one_in(3):
            return Reference(self.one_of(*focus))
        if not known or self.one_in(12):
            return Reference(Key(self.one_of(*kinds), 99))
        return Reference(self.one_of(*known))


@st.composite
def documents(draw, world, *, identified=False, filtering=True, about=(), without=(), depth=5):
    """Draw a valid document, mostly about the keys in `about`.

    `identified` ones select the id of every record, so that its fields can be told apart; `filtering` ones may ask for
    part of a list; roots named in `without` are left out.
    """
    draft = _Draft(draw, world, identified, filtering, about)
    names = [name for name in (*_ROOTS, "child", "child", "node") if name not in without]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4))
    body = "\n".join(_ROOTS[name](draft, depth) for name in chosen)
    fragments = "".join(f"\nfragment {name} on {on} {{ {text} }}" for name, (on, text) in draft.fragments.items())
    stated = ", ".join(f"${name}: {type_name}" for name, (type_name, _) in draft.variables.items())
    text = f"query{f'({stated})' if stated else ''} {{\n{body}\n}}{fragments}"
    # Two places of one name that cannot be merged, such as `kind` of settings and of agencies, are rare.
    variables = {name: value for name, (_, value) in draft.variables.items()}
    assume(not validate(SCHEMA, parse(text)) and within_limits(text, variables))
    return Document(text, variables)


def within_limits(text, variables):
    """Whether a gateway would answer a document as far as its size goes: one that is refused shows nothing."""
    try:
        measure(parse(text), schema=SCHEMA, sizes=SIZES, limits=LIMITS, variables=variables)
    except QueryTooCostly:
        return False
    return True


def _child(draft, depth):
    key = draft.one_of("id", "id", "id", "nhsNumber", "upn")
    value = {"id": draft.reference("child"), "nhsNumber": draft.one_of(*NHS_NUMBERS), "upn": draft.one_of(*UPNS)}[key]
    by = draft.variable("ChildKey!", {key: value})
    return f"{draft.alias()}child(by: {by}) {_selection(draft, 'Child', depth)}"


def _node(draft, depth):
    by = draft.variable("ID!", draft.one_of(draft.reference(*_TYPES), draft.reference("child"), HOME))
    return f"{draft.alias()}node(id: {by}) {_abstract(draft, NODES, depth)}"


def _entities(draft, depth):
    representations = []
    for _ in range(draft.draw(st.integers(1, 3))):
        reference = draft.reference("child", "carer", "setting", "practitioner", "involvement")
        named = _TYPES[reference.key.kind]
        representations.append({"__typename": "Child" if draft.one_in(15) else named, "id": reference})
    by = draft.variable("[_Any!]!", representations)
    with draft.among(len(representations)):
        return f"{draft.alias()}_entities(representations: {by}) {_abstract(draft, ENTITIES, depth)}"


def _abstract(draft, types, depth):
    chosen = draft.draw(st.lists(st.sampled_from(types), min_size=1, max_size=3, unique=True))
    parts = " ".join(f"... on {name} {_selection(draft, name, depth)}" for name in chosen)
    known = "... on Node { id } " if draft.identified or draft.one_in(4) else ""
    return f"{{ __typename {known}{parts} }}"


def _search(draft, depth):
    criteria = draft.variable("ChildCriteria!", _criteria(draft))
    first = draft.one_of(ALL, ALL, ALL, 2) if draft.filtering else ALL
    with draft.among(first):
        below = _selection(draft, "Candidate", depth)
    sources = " sources { status authority { id name } }" if draft.one_in(3) else ""
    return f"{draft.alias()}searchChildren(criteria: {criteria}, first: {first}) {{ candidates {below}{sources} }}"


def _criteria(draft):
    row = draft.one_of(*draft.world.rows("child")) if draft.world.rows("child") else None
    if row is None or draft.one_in(8):
        return {"familyName": draft.one_of(*FAMILY_NAMES), "dateOfBirth": "2015-03-04"}
    born = row["date_of_birth"].isoformat()
    family = draft.one_of(row["family_name"], row["family_name"], *FAMILY_NAMES)
    place = {"gender": row["gender"], "postcode": draft.one_of(row["postcode"], *(place[1] for place in PLACES))}
    given = row["given_name"] or "Ayesha"
    return draft.one_of(
        {"familyName": family, "dateOfBirth": born},
        {"familyName": family, "givenName": given, "dateOfBirth": born},
        {"familyName": family, "dateOfBirth": born, **place},
        {"givenName": given, "dateOfBirth": born, **place},
        {"familyName": family[:3] + "*", "dateOfBirth": born},
        {"nhsNumber": draft.one_of(*NHS_NUMBERS)},
        {"upn": draft.one_of(*UPNS)},
    )


def _setting(draft, depth):
    by = draft.one_of({"id": draft.reference("setting")}, {"urn": "106401"}, {"odsCode": "P91001"})
    return f"{draft.alias()}setting(by: {draft.variable('SettingKey!', by)}) {_selection(draft, 'Setting', depth)}"


def _practitioner(draft, depth):
    by = draft.variable("ID!", draft.reference("practitioner"))
    return f"{draft.alias()}practitioner(id: {by}) {_selection(draft, 'Practitioner', depth)}"


def _authority(draft, depth):
    by = draft.variable("LocalAuthorityCode!", draft.one_of(HOME, OTHER, "358", "E09999999"))
    return f"{draft.alias()}localAuthority(code: {by}) {_selection(draft, 'LocalAuthority', depth)}"


def _log(draft, depth):
    by = draft.variable("ID!", draft.reference("child"))
    with draft.among(5):
        below = _selection(draft, "AccessLogEntry", depth)
    page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    edges = f"edges {{ cursor node {below} }}"
    return f"{draft.alias()}accessLog(child: {by}, first: 5) {{ {edges} {page} withheld {{ field reason remedy }} }}"


def _me(draft, depth):
    return f"me {_selection(draft, 'Caller', depth)}"


_ROOTS = {
    "child": _child,
    "searchChildren": _search,
    "node": _node,
    "_entities": _entities,
    "setting": _setting,
    "practitioner": _practitioner,
    "localAuthority": _authority,
    "accessLog": _log,
    "me": _me,
}


def _selection(draft, type_name, depth):
    return f"{{ {_fields(draft, type_name, depth)} }}"


def _fields(draft, type_name, depth):
    fields = SCHEMA.type_map[type_name].fields
    names = draft.draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=7))
    parts = []
    if type_name == "Candidate":
        parts.append("child { id }")
        draft.cost += draft.times
    elif draft.identified and type_name in RECORDS:
        parts.append("id")
    for name in names:
        draft.budget -= 1
        if draft.budget > 0:
            parts.append(_field(draft, fields[name], (type_name, name), depth))
    parts = [part for part in parts if part] or ["__typename"]
    if depth > 1 and draft.budget > 0 and type_name in RECORDS and draft.one_in(8):
        parts.append(_spread(draft, type_name, depth))
    if draft.one_in(10):
        middle = len(parts) // 2
        wrapped = " ".join(parts[middle:])
        condition = "" if draft.identified and middle == 0 else draft.directive()
        on = draft.one_of("", f" on {type_name}", " on Node" if type_name in NODES and wrapped == "id" else "")
        return f"{' '.join(parts[:middle])} ...{on}{condition} {{ {wrapped} }}"
    return " ".join(parts)


def _field(draft, definition, place, depth):
    name, below = place[1], get_named_type(definition.type)
    arguments, alias = "", ""
    if "active" in definition.args and draft.filtering and draft.one_in(2):
        arguments = f"(active: {draft.one_of('true', 'false', 'null')})"
        alias = draft.alias()
    elif is_leaf_type(below) and draft.aliases < 5 and draft.one_in(15):
        alias = draft.alias()
    if is_leaf_type(below):
        return f"{alias}{name}{draft.directive()}"
    records = draft.times * SIZES.of.get(place, ONE).assumed
    if depth <= 1 or not draft.affords(records):
        return ""
    with draft.among(records):
        return f"{alias}{name}{arguments}{draft.directive()} {_selection(draft, below.name, depth - 1)}"


def _spread(draft, type_name, depth):
    """A named fragment, the one already there for its type now and then."""
    known = [name for name, (on, _) in draft.fragments.items() if on == type_name and name.endswith(f"_{depth}")]
    if known and draft.one_in(2) and draft.affords(draft.spreading[known[0]] * draft.times):
        draft.cost += draft.spreading[known[0]] * draft.times
        return f"...{known[0]}"
    name = f"f{len(draft.fragments)}_{depth}"
    draft.fragments[name], draft.spreading[name] = (type_name, ""), LIMITS.nodes
    before = draft.cost
    text = _fields(draft, type_name, min(depth - 1, 2))
    draft.fragments[name], draft.spreading[name] = (type_name, text), (draft.cost - before) / draft.times
    return f"...{name}"


def everything(type_name, depth):
    """The selection of every field of a type, and of what its fields lead to down to a depth."""
    parts = []
    for name, definition in SCHEMA.type_map[type_name].fields.items():
        below = get_named_type(definition.type)
        if is_leaf_type(below):
            parts.append(name)
        elif below.name not in RECORDS:
            parts.append(f"{name} {everything(below.name, 1)}")
        elif depth > 1:
            parts.append(f"{name} {everything(below.name, depth - 1)}")
        else:
            parts.append(f"{name} {{ __typename }}")
    return f"{{ {' '.join(parts)} }}"


def battery(child_rows, *, carer=None, involvement=None):
    """Documents that ask for everything about a child by every road; a row for each state it may be searched by."""
    child = Reference(child_rows[0]["id"])
    yield Document(f"query($id: ID!) {{ child(by: {{id: $id}}) {everything('Child', 3)} }}", {"id": child})
    filtered = (
        " ".join(
            f"{state}: involvements(active: {state}) {{ id service startedOn practitioner {{ id name }} }}"
            for state in ("true", "false")
        )
        .replace("true:", "running:")
        .replace("false:", "past:")
    )
    nodes = [Reference(key) for key in (child_rows[0]["id"], carer, involvement) if key is not None]
    yield Document(
        "query($id: ID!, $known: [_Any!]!) { child(by: {id: $id}) { id " + filtered + " }"
        " accessLog(child: $id, first: 5) { edges { node " + everything("AccessLogEntry", 1) + " }"
        " pageInfo { hasNextPage endCursor } withheld { field reason } }"
        " _entities(representations: $known) { __typename"
        f" ... on Child {everything('Child', 1)} ... on Carer {everything('Carer', 2)}"
        f" ... on Involvement {everything('Involvement', 2)} }} }}",
        {
            "id": child,
            "known": [{"__typename": _TYPES[one.key.kind], "id": one} for one in nodes],
        },
    )
    yield Document(f"{{ {_queue('missingEducation')} {_queue('withoutGp')} }}")
    yield from searches(child_rows)


def _queue(name):
    """The selection of everything in a queue."""
    return (
        f'{name}(authority: "{HOME}", first: 20) {{ edges {{ cursor node {everything("QueueEntry", 2)} }}'
        f" pageInfo {{ hasNextPage endCursor }} waiting {everything('Count', 1)}"
        f" waitingByAge {everything('Count', 1)} }}"
    )


def searches(child_rows):
    """One document for each way to search for a child, or for what it may have become."""
    selection = "{ candidates { grade reasons child { id givenName familyName } } sources { status } }"
    text = (
        "query($criteria: ChildCriteria!) {"
        f" searchChildren(criteria: $criteria, first: 50) {selection} me {{ remainingSearches }} }}"
    )
    seen = []
    for row in child_rows:
        named = {"familyName": row["family_name"], "dateOfBirth": row["date_of_birth"].isoformat()}
        for criteria in (
            named,
            named | {"givenName": row["given_name"] or "Ayesha"},
            named | {"gender": row["gender"], "postcode": row["postcode"]} if row["postcode"] else named,
            {"nhsNumber": row["nhs_number"]} if row["nhs_number"] else named,
            {"upn": row["upn"]} if row["upn"] else named,
        ):
            if criteria not in seen:
                seen.append(criteria)
                yield Document(text, {"criteria": criteria})


class Told(NamedTuple):
    """One field of one record as an answer has it; `value` is as the ledger's commitment reads it."""

    type: str
    id: str
    field: str
    value: Any


INCOMPLETE = object()
"""Stands for the value of an object of which the document did not select every field."""


def told(document, variables, data, *, known) -> Iterator[Told]:
    """Every field of every record in an answer to an identified document, whatever its alias and wherever it is.

    `known` are the ids by which whoever asked knows records.
    """
    reading = _Reading(parse(document), variables, known)
    yield from reading.below(SCHEMA.query_type, reading.operation.selection_set, data)


class _Reading:
    """Reads an answer by the document that asked for it."""

    def __init__(self, document, variables, known):
        self.variables = variables
        self.known = known
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))

    def below(self, object_type, selection_sets, value):
        if not isinstance(selection_sets, list):
            selection_sets = [selection_sets]
        fields = self.collected(object_type, selection_sets)
        record_id = self.id_of(object_type.name, fields, value) if object_type.name in RECORDS else None
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name.startswith("__"):
                continue
            definition = SCHEMA.query_type.fields["_entities"] if name == "_entities" else object_type.fields[name]
            if record_id is not None:
                yield Told(object_type.name, record_id, name, self.value(definition.type, nodes, value[key]))
            yield from self.children(definition.type, nodes, value[key])

    def children(self, field_type, nodes, value):
        named = get_named_type(field_type)
        if not is_composite_type(named):
            return
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                runtime = SCHEMA.type_map[one["__typename"]] if is_abstract_type(named) else named
                yield from self.below(runtime, [node.selection_set for node in nodes], one)

    def id_of(self, type_name, fields, value):
        if type_name == RecordType.CANDIDATE:
            return self.logged_id(value["child"]["id"])
        key = next(key for key, nodes in fields.items() if nodes[0].name.value == "id")
        return self.logged_id(value[key])

    def logged_id(self, text):
        """The id as the ledger has it, of one that was told."""
        meant = self.known.meant(text)
        return text if meant is None else str(meant[1])

    def value(self, field_type, nodes, value):
        nullable = get_nullable_type(field_type)
        if value is None:
            return None
        if is_list_type(nullable):
            parts = [self.value(nullable.of_type, nodes, part) for part in value]
            return INCOMPLETE if INCOMPLETE in parts else parts
        if is_enum_type(nullable):
            return nullable.values[value].value
        if is_leaf_type(nullable):
            return value
        if is_abstract_type(nullable) or nullable.name in RECORDS:
            return INCOMPLETE
        fields = self.collected(nullable, [node.selection_set for node in nodes])
        selected = {places[0].name.value: (key, places) for key, places in fields.items()}
        if not set(nullable.fields) <= set(selected):
            return INCOMPLETE
        return {
            attribute(name): self.value(definition.type, selected[name][1], value[selected[name][0]])
            for name, definition in nullable.fields.items()
        }

    def collected(self, object_type, selection_sets):
        fields: dict[str, list[FieldNode]] = {}
        for selection_set in selection_sets:
            self.collect(object_type, selection_set, fields)
        return fields

    def collect(self, object_type, selection_set, fields):
        for node in selection_set.selections:
            if not self.included(node):
                continue
            if isinstance(node, FieldNode):
                fields.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                continue
            spread = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            on = spread.type_condition.name.value if spread.type_condition else object_type.name
            condition = SCHEMA.type_map[on]
            if condition is object_type or (is_abstract_type(condition) and SCHEMA.is_sub_type(condition, object_type)):
                self.collect(object_type, spread.selection_set, fields)

    def included(self, node):
        for directive in node.directives or ():
            condition = directive.arguments[0].value
            stated = self.variables[condition.name.value] if hasattr(condition, "name") else condition.value
            if stated is (directive.name.value == "skip"):
                return False
        return True
