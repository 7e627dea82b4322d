"""The report: what the graph told of a child's access log, in the words of who reads it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.access_report.words import Voice, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What the ledger's last checkpoint says: when it was signed, and how many witnesses hold it.

    `whole` says that it covers every look in the report.
    """

    at: datetime
    witnesses: int
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the graph told, page by page; `more` says that there are older looks than were asked for."""

    child: Mapping[str, Any] | None
    me: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    withheld: Sequence[Mapping[str, Any]]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: when, by which kind of work, the sentence that says it, and what is to be added."""

    at: datetime
    kind: str
    own: bool
    who: str | None
    sentence: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to ask."""

    what_for: str
    name: str
    how: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a word means."""

    word: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that stands in the report, in words; `looks` and `own` with the newest first."""

    words: Words
    voice: Voice
    made: datetime
    name: str | None
    looks: Sequence[Look]
    own: Sequence[Look]
    more: bool
    hidden: Sequence[str]
    grounds: Sequence[str]
    meanings: Sequence[Meaning]
    authority: str | None
    contacts: Sequence[Contact]
    proof: Sequence[str]

    def say(self, key: str, **values: object) -> str:
        """Return a text of the report."""
        return self.words.said("report", key, self.voice, **values)

    @property
    def family(self) -> str:
        """Return who is meant by looks of one's own."""
        return self.say(f"family_{self.voice}")

    @property
    def short(self) -> Sequence[str]:
        """Return the report in a few sentences."""
        said = [self._count(), self.say("what_record", subject_is=self.say(f"subject_is_{self.voice}"))]
        if self.more:
            said.insert(1, self.say("short_more", number=len(self.looks) + len(self.own)))
        if len(self.own) == 1:
            said.insert(1, self.say("short_own_one", family=self.family))
        elif self.own:
            said.insert(1, self.say("short_own", number=self.number(len(self.own)), family=self.family))
        return [sentence[:1].upper() + sentence[1:] for sentence in said]

    def number(self, number: int) -> str:
        """Return a number in words where it is small."""
        return self.words.number(number)

    def day(self, at: datetime) -> str:
        """Return a day without its weekday."""
        return self.words.date("short_day", at)

    def _count(self) -> str:
        if not self.looks:
            return self.say("short_none")
        last, first = self.looks[0].at, self.looks[-1].at
        if len(self.looks) == 1:
            return self.say("short_one", last=self.day(last))
        people = {look.who for look in self.looks}
        if None in people:
            by = (
                self.say("people_unnamed")
                if len(people) == 1
                else self.say("people_some", number=self.number(len(people) - 1))
            )
        else:
            by = (
                self.say("people_one") if len(people) == 1 else self.say("people_many", number=self.number(len(people)))
            )
        when = "short_one_day" if self.day(first) == self.day(last) else "short_many"
        return self.say(when, looks=self.number(len(self.looks)), people=by, first=self.day(first), last=self.day(last))


def report_of(answered: Answered, *, words: Words, reader: str | None, made: datetime, seal: Seal | None) -> Report:
    """Return the report; `reader` is for whom it is prepared, where it is not for who asks."""
    voice = words.voice_of(answered.me["role"]) if reader is None else Voice(reader.lower())
    looks = [_look(entry, words, voice) for entry in answered.entries]
    authority = answered.me.get("authority") or {}
    return Report(
        words=words,
        voice=voice,
        made=made,
        name=(answered.child or {}).get("givenName"),
        looks=[look for look in looks if not look.own],
        own=[look for look in looks if look.own],
        more=answered.more,
        hidden=_hidden(answered, words, voice),
        grounds=[text for code in words.document["grounds"] if (text := words.code("grounds", code, voice))],
        meanings=_meanings(answered.entries, words, voice),
        authority=authority.get("name"),
        contacts=[_contact(contact, words) for contact in authority.get("safeguardingContacts") or ()],
        proof=_proof(seal, words, voice),
    )


def _look(entry: Mapping[str, Any], words: Words, voice: Voice) -> Look:
    def say(key: str, **values: object) -> str:
        return words.said("report", key, voice, **values)

    at = datetime.fromisoformat(entry["at"])
    what = entry["fieldsInWords"] or ()
    did = say("looked", what=words.listed(what)) if what else say("looked_at_nothing")
    why = words.part("purposes", entry["purpose"], "why", voice)
    values = {
        "day": words.date("day", at),
        "time": words.date("time", at),
        "who": _who(entry, words, voice),
        "did": did,
    }
    kind = words.part("roles", entry["role"], "kind", voice)
    return Look(
        at=at,
        kind=kind or "unnamed",
        own=kind in words.document["own_kinds"],
        who=entry["person"],
        sentence=say("look_no_why", **values) if why is None else say("look", why=why, **values),
        notes=_notes(entry, words, voice),
    )


def _who(entry: Mapping[str, Any], words: Words, voice: Voice) -> str:
    kept = {one["field"] for one in entry["withheld"]}
    name, agency = entry["person"], entry["agency"]
    if "role" in kept:
        return words.said("report", "who_sensitive", voice)
    role = words.part("roles", entry["role"], "who", voice)
    if name is not None:
        key = "who_no_role" if role is None else "who_no_agency" if agency is None else "who_full"
    elif entry["erased"]:
        key = "who_erased_only" if role is None else "who_erased_role" if agency is None else "who_erased"
    else:
        key = "who_unknown" if role is None else "who_role_only" if agency is None else "who_nameless"
    return words.said("report", key, voice, name=name, role=role, agency=agency)


def _notes(entry: Mapping[str, Any], words: Words, voice: Voice) -> Sequence[str]:
    notes = []
    if entry["mediatedFor"] is not None:
        notes.append(words.said("report", "for_another", voice))
    if entry["reason"] is not None:
        notes.append(words.said("report", "in_words", voice, words=entry["reason"]))
    if entry["withheldUntil"] is not None:
        day = words.date("short_day", datetime.fromisoformat(entry["withheldUntil"]))
        ground = words.code("grounds", entry["withheldGround"], voice)
        key = "kept_back_no_ground" if ground is None else "kept_back"
        notes.append(words.said("report", key, voice, day=day, ground=ground))
    if entry["erased"]:
        notes.append(words.said("report", "erased_note", voice))
    return notes


def _hidden(answered: Answered, words: Words, voice: Voice) -> Sequence[str]:
    hidden = words.all_said("report", "hidden", voice)
    if answered.withheld:
        hidden.insert(0, words.said("report", "hidden_shielded", voice))
    if voice is Voice.CARER:
        hidden.append(words.said("report", "hidden_carer", voice))
    if any(one["field"] == "reason" for entry in answered.entries for one in entry["withheld"]):
        hidden.append(words.said("report", "hidden_words", voice))
    return hidden


def _meanings(entries: Sequence[Mapping[str, Any]], words: Words, voice: Voice) -> Sequence[Meaning]:
    """Say what the roles and purposes mean that occur, the most frequent first."""
    meanings = []
    for group, part, field in (("roles", "who", "role"), ("purposes", "why", "purpose")):
        for code, _ in Counter(entry[field] for entry in entries if entry[field] is not None).most_common():
            word, meaning = (words.part(group, code, name, voice) for name in (part, "means"))
            if word is not None and meaning is not None:
                meanings.append(Meaning(word=word, meaning=meaning))
    return meanings


def _contact(contact: Mapping[str, Any], words: Words) -> Contact:
    how = [contact[part] for part in ("telephone", "email", "hours") if contact.get(part)]
    return Contact(what_for=words.code("contacts", contact["role"]) or "", name=contact["name"], how=how)


def _proof(seal: Seal | None, words: Words, voice: Voice) -> Sequence[str]:
    def say(key: str, **values: object) -> str:
        return words.said("report", key, voice, **values)

    if seal is None:
        return [say("proof_none")]
    said = [say("proof_signed", day=words.date("short_day", seal.at), time=words.date("time", seal.at))]
    if seal.witnesses == 1:
        said.append(say("proof_witness_one"))
    elif seal.witnesses:
        number = words.number(seal.witnesses)
        said.append(say("proof_witness_many", number=number[:1].upper() + number[1:]))
    if not seal.whole:
        said.append(say("proof_newer"))
    return said
