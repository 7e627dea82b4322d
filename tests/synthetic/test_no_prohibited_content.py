"""Domain rule D5: the schema has nowhere to put what must not be held."""

import re

from connectors.postgres.migration import packaged

PROHIBITED = re.compile(
    r"note|comment|remark|narrative|description|summary|score|rating|risk|concern|opinion|assessment|diagnos|condition"
    r"|medication|attain|grade_achieved|exam|behaviour|suspicion|allegation|flag|image|photo|free_text",
)
ALLOWED = {"common_assessment_completed"}
_COLUMN = re.compile(r"^\s*(?:ADD COLUMN (?:IF NOT EXISTS )?)?([a-z_][a-z0-9_]*)\s+[a-z]", re.MULTILINE)


def columns(sql):
    """Return the names of the columns that a migration makes."""
    bare = re.sub(r"--.*", "", sql)
    found = set(re.findall(r"ADD COLUMN\s+(?:IF NOT EXISTS\s+)?([a-z_0-9]+)", bare))
    for body in re.findall(r"CREATE TABLE[^(]*\((.*?)\n\)", bare, re.DOTALL):
        found |= set(_COLUMN.findall(body))
    return found


def prohibited(names):
    return {name for name in names if PROHIBITED.search(name)} - ALLOWED


async def test_no_column_holds_what_must_not_be_held(database):
    rows = await database.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )

    # A checkpoint of the ledger is a signed note: hashes and signatures, and no words about anybody.
    signed = {("ledger_checkpoint", "note"), ("ledger_witnessed", "note")}
    names = {row["column_name"] for row in rows if (row["table_name"], row["column_name"]) not in signed}

    assert "common_assessment_completed" in names
    assert prohibited(names) == set()


def test_no_migration_makes_such_a_column():
    made = set().union(*(columns(migration.sql) for migration in packaged()))

    assert {"given_name", "relationship", "given_first_key"} <= made
    assert prohibited(made) <= {"note"}, "the ledger's signed notes, which the test above knows by their tables"


def test_the_check_finds_a_column_for_notes():
    assert prohibited(columns("CREATE TABLE child_thing (\n    id uuid,\n    case_notes text\n);")) == {"case_notes"}
    assert prohibited(columns("ALTER TABLE child ADD COLUMN risk_score integer;")) == {"risk_score"}


async def test_no_column_about_a_child_is_of_a_type_that_holds_documents(database):
    rows = await database.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('json', 'jsonb', 'xml') AND table_name LIKE 'child%'"
    )

    assert rows == []
