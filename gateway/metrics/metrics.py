"""Every metric by its name, and the words in which the rest of the code fills it.

Labels are closed sets: routes, codes, types, members of the federation. What is concealed is not counted at all: beside
an answer, a count of it would show that there was something.
"""

from collections import Counter as Tally
from collections.abc import Iterable
from functools import lru_cache
from platform import python_version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.federation.restraint import Circuit
from gateway.ledger.entry import FieldsNote, RecordNote
from gateway.release import release
from gateway.vocabulary import AuthorityCode, SourceStatus

ANSWERED: Final = "ANSWERED"
"""The outcome of a request that was answered; every other is an error code, or the status of what has none."""

_ASK: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PART: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_GROUP: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_LAG: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

_STATES: Final = {Circuit.CLOSED: 0, Circuit.PROBING: 1, Circuit.OPEN: 2}


class Metrics:
    """The metrics of one process; those of several workers are added up by whoever serves them."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.registry = registry = CollectorRegistry()

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(f"gateway_{name}", meaning, labels, registry=registry)

        def histogram(name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"gateway_{name}", meaning, labels, buckets=buckets, registry=registry)

        def together(name: str, meaning: str, *labels: str) -> Gauge:
            """Return a gauge whose values are added up over the workers that live."""
            return Gauge(f"gateway_{name}", meaning, labels, registry=registry, multiprocess_mode="livesum")

        def latest(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(f"gateway_{name}", meaning, labels, registry=registry, multiprocess_mode="livemax")

        self._requests = counter("requests", "Requests by route and outcome.", "door", "route", "outcome")
        self._request_seconds = histogram("request_duration_seconds", "Seconds a request took.", _ASK, "door", "route")
        self._under_way = together("requests_under_way", "Requests under way.")
        self._door = together("door_requests", "Requests at a door at this moment.", "door", "state")
        self._refused = counter("connections_refused", "Connections refused before there was a request.", "status")
        self._fields = counter("fields", "Fields by type of record and what was decided.", "type", "decision")

        self._entries = counter("ledger_entries", "Entries that became durable.")
        self._group = histogram("ledger_group_entries", "Entries that shared one commit.", _GROUP)
        self._commit_seconds = histogram("ledger_commit_duration_seconds", "Seconds a commit took.", _PART)
        self._unrecorded = counter("ledger_failures", "Entries that could not be recorded, by reason.", "reason")
        self._waiting = together("ledger_waiting", "Answers that wait for their entry.")
        self._checkpoint = latest("ledger_checkpoint_timestamp_seconds", "When the newest checkpoint was signed.")

        self._decided = counter("decisions", "Decisions on classes of records, by where they came from.", "origin")
        self._questions = counter("engine_questions", "Questions put to the policy engine, by outcome.", "outcome")
        self._engine_seconds = histogram("engine_duration_seconds", "Seconds a question took.", _PART)
        self._revision = latest("engine_revision_timestamp_seconds", "When the rules in force were taken up.")

        self._caller_refused = counter(
            "caller_connections_refused", "Connections of callers that were refused for their certificate.", "reason"
        )

        self._peer_calls = counter("peer_calls", "Asks of other authorities, by status.", "member", "status")
        self._peer_seconds = histogram("peer_call_duration_seconds", "Seconds a member took.", _ASK, "member")
        self._peer_silences = counter(
            "peer_silences", "Asks of other authorities that were not answered, by reason.", "member", "reason"
        )
        self._peer_again = counter("peer_second_attempts", "Second attempts, by kind.", "member", "kind")
        self._peer_saved = together("peer_second_attempts_saved", "Second attempts that are saved up.")
        self._peer_under_way = together("peer_calls_under_way", "Calls to other authorities under way.")
        self._peer_circuit = latest(
            "peer_circuit", "The breaker to a member: 0 closed, 1 trying one call, 2 open.", "member"
        )

        self._peer_refused = counter(
            "peer_connections_refused",
            "Connections of other gateways that were refused, and calls over a certificate that does not count.",
            "reason",
        )

        self._locator_builds = counter("locator_builds", "Sets of the locator that were built, by outcome.", "outcome")
        self._locator_release = latest("locator_release_timestamp_seconds", "When what others look in was built.")
        self._locator_members = latest("locator_members", "Members whose sets are held here, or are lacking.", "state")

        self._connections = together("database_connections", "Connections to the database.", "pool", "state")
        self._lag = histogram("event_loop_lag_seconds", "Seconds the event loop came late.", _LAG)
        self._ready = Gauge(
            "gateway_ready", "Whether a part is ready: 1 or 0.", ("part",), registry=registry,
            multiprocess_mode="livemin",
        )  # fmt: skip
        together("workers", "Worker processes that serve.").set(1)
        counter("worker_starts", "Worker processes that were started.").inc()
        self._memory = together("resident_memory_bytes", "Memory in use.")
        self._files = together("open_files", "Files and sockets in use.")
        # What every ask counts by is looked up once: that takes longer than counting.
        self._requests_by = lru_cache(maxsize=1024)(self._requests.labels)
        self._request_seconds_by = lru_cache(maxsize=1024)(self._request_seconds.labels)
        self._decided_by = lru_cache(maxsize=2)(self._decided.labels)
        self._fields_by = lru_cache(maxsize=4096)(self._counted)
        latest("build_info", "Which release serves.", "version", "python").labels(release(), python_version()).set(1)

    def request_begun(self) -> None:
        """Note a request."""
        self._under_way.inc()

    def request_ended(self, *, door: str, route: str, outcome: str, seconds: float) -> None:
        """Note what a request came to: an error code, `ANSWERED`, or an HTTP status."""
        self._under_way.dec()
        self._requests_by(door, route, outcome).inc()
        self._request_seconds_by(door, route).observe(seconds)

    def connection_refused(self, status: int) -> None:
        """Note a connection that was refused before there was a request."""
        self._refused.labels(str(status)).inc()

    def fields_decided(self, records: Iterable[RecordNote]) -> None:
        """Note the fields of an answer as its entry has them."""
        tally: Tally[Counter] = Tally()
        for record in records:
            for fields, count in self._fields_by(record.decided):
                tally[fields] += count
        for fields, count in tally.items():
            fields.inc(count)

    def _counted(self, decided: FieldsNote) -> tuple[tuple[Counter, int], ...]:
        counts = {"disclose": decided.disclosed, "mask": decided.masked, "withhold": decided.withheld}
        return tuple(
            (self._fields.labels(decided.type.value, decision), len(fields))
            for decision, fields in counts.items()
            if fields
        )

    def entries_recorded(self, count: int, *, seconds: float) -> None:
        """Note a group of entries that one commit made durable."""
        self._entries.inc(count)
        self._group.observe(count)
        self._commit_seconds.observe(seconds)

    def entry_failed(self, reason: str) -> None:
        """Note an entry that could not be recorded; what follows a colon in a reason is not counted apart."""
        self._unrecorded.labels(_kind(reason)).inc()

    def classes_decided(self, remembered: int, asked: int) -> None:
        """Note on how many classes a decision was remembered, and on how many the engine was asked."""
        self._decided_by("memory").inc(remembered)
        self._decided_by("engine").inc(asked)

    def engine_asked(self, outcome: str, *, seconds: float) -> None:
        """Note a question to the policy engine: `answered`, or the reason why it was not."""
        self._questions.labels(_kind(outcome)).inc()
        self._engine_seconds.observe(seconds)

    def peer_asked(self, member: AuthorityCode, status: SourceStatus, *, reason: str, seconds: float) -> None:
        """Note what an ask of another authority came to; the code is that of a member in the registry."""
        self._peer_calls.labels(member, status.value).inc()
        self._peer_seconds.labels(member).observe(seconds)
        if status is not SourceStatus.ANSWERED:
            self._peer_silences.labels(member, _kind(reason)).inc()

    def peer_asked_again(self, member: AuthorityCode, kind: str) -> None:
        """Note a second attempt: a `retry` of what broke off, or a `hedge` beside what was silent."""
        self._peer_again.labels(member, kind).inc()

    def peers_stand(self, *, saved: float, under_way: int) -> None:
        """Note the second attempts that are saved up at this moment, and the calls under way."""
        self._peer_saved.set(saved)
        self._peer_under_way.set(under_way)

    def peer_circuit(self, member: AuthorityCode, state: Circuit) -> None:
        """Note how the breaker to a member stands."""
        self._peer_circuit.labels(member).set(_STATES[state])

    def caller_refused(self, reason: str) -> None:
        """Note a connection on the port for callers whose handshake failed, where it takes certificates."""
        self._caller_refused.labels(reason).inc()

    def peer_refused(self, reason: str) -> None:
        """Note a connection on the port for peers that was refused before any member could be held to it."""
        self._peer_refused.labels(reason).inc()

    def locator_built(self, outcome: str) -> None:
        """Note that new sets of the locator were `published`, or `failed` to be."""
        self._locator_builds.labels(outcome).inc()

    def locator_released(self, at: float) -> None:
        """Note when what others look in was built, in seconds since 1970."""
        self._locator_release.set(at)

    def locator_holds(self, *, held: int, lacking: int) -> None:
        """Note of how many members the sets are held, and of how many they are not."""
        self._locator_members.labels("held").set(held)
        self._locator_members.labels("lacking").set(lacking)

    def loop_late(self, seconds: float) -> None:
        """Note by how much the event loop came late."""
        self._lag.observe(seconds)

    def ledger_stands(self, *, waiting: int) -> None:
        """Note how many answers wait for their entry at this moment."""
        self._waiting.set(waiting)

    def checkpoint_signed(self, at: float) -> None:
        """Note when the newest checkpoint was signed, in seconds since 1970."""
        self._checkpoint.set(at)

    def rules_taken_up(self, at: float) -> None:
        """Note when the rules in force were taken up here, in seconds since 1970."""
        self._revision.set(at)

    def pool_stands(self, pool: str, *, used: int, idle: int) -> None:
        """Note the connections of a pool at this moment."""
        self._connections.labels(pool, "used").set(used)
        self._connections.labels(pool, "idle").set(idle)

    def door_stands(self, door: str, *, inside: int, waiting: int) -> None:
        """Note the requests that are inside a door at this moment, and those that wait before it."""
        self._door.labels(door, "inside").set(inside)
        self._door.labels(door, "waiting").set(waiting)

    def part_stands(self, part: str, *, ready: bool) -> None:
        """Note whether a part is ready."""
        self._ready.labels(part).set(ready)

    def process_stands(self, *, memory: int, files: int) -> None:
        """Note the bytes of memory and the files in use."""
        self._memory.set(memory)
        self._files.set(files)


def _kind(reason: str) -> str:
    return reason.partition(":")[0]
