"""What is read beside the event loop rests for most of the time, once it has worked for longer than documents take."""

import pytest

from gateway.asked import Operation
from gateway.settings import Settings
from schema import pace
from schema.directory import DIRECTORY
from schema.introspection import SchemaAnswers
from schema.limits import Limits
from schema.pace import RESTS, STRETCH, Pace
from schema.reading import DocumentReader
from schema.reading_thread import ReadingThread

WHOLE = 0.1
STEP = 0.0001


class Clock:
    """Time that passes where it is told to, and where somebody rests."""

    def __init__(self, monkeypatch):
        self.now = self.rested = 0.0
        monkeypatch.setattr(pace, "perf_counter", lambda: self.now)
        monkeypatch.setattr(pace, "rest", self._rest)

    def _rest(self, seconds):
        self.now += seconds
        self.rested += seconds

    def work(self, keeping, seconds):
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            keeping.keep()


def test_a_stretch_is_worked_without_a_rest_and_then_rest_is_three_times_as_long_as_work(monkeypatch):
    clock = Clock(monkeypatch)
    keeping = Pace()

    clock.work(keeping, STRETCH)
    after_a_stretch = clock.rested
    clock.work(keeping, WHOLE)

    assert after_a_stretch == 0
    assert clock.rested == pytest.approx(RESTS * WHOLE, rel=0.05)


def test_time_without_work_was_rest(monkeypatch):
    clock = Clock(monkeypatch)
    keeping = Pace()
    clock.work(keeping, WHOLE)
    rested = clock.rested

    clock.now += 1
    keeping.begin()
    clock.work(keeping, STRETCH)

    assert clock.rested == rested


class Counted(Pace):
    """A pace that says how often it was kept."""

    def __init__(self):
        super().__init__()
        self.kept = 0

    def keep(self):
        self.kept += 1


def test_a_document_is_parsed_and_validated_at_a_pace():
    counted, reader = Counted(), DocumentReader(DIRECTORY._schema, Limits.of(Settings()))
    fields = " ".join(f"a{n}: id" for n in range(15))

    reader.judged(Operation(text=f"{{ me {{ {fields}", name=None, variables={}), pace=counted)
    parsed = counted.kept
    read = reader.judged(Operation(text=f"{{ me {{ {fields} }} }}", name=None, variables={}), pace=counted)

    assert parsed > 45
    assert counted.kept > 2 * parsed + 45
    assert read.kind == "query"


async def test_the_schema_is_told_at_a_pace(monkeypatch):
    counted = Counted()
    monkeypatch.setattr("schema.reading_thread.Pace", lambda: counted)
    thread = ReadingThread(waiting=0)
    reader = DocumentReader(DIRECTORY._schema, Limits.of(Settings()))
    operation = Operation(text="{ __schema { types { name } } }", name=None, variables={})

    result = await SchemaAnswers(DIRECTORY._schema, thread).of(reader.read(operation), operation)
    thread.close()

    assert counted.kept > len(result.data["__schema"]["types"])
