"""The facts a class is made of: the same by every road, and the strictest where several children meet."""

from datetime import date, timedelta

import pytest

from gateway.vocabulary import RecordStanding, Shield
from tests.support.builders import (
    HOME,
    NOW,
    TODAY,
    a_carer,
    a_child,
    a_conflict,
    a_consent_to_stay,
    a_practitioner,
    a_sensitive_involvement,
    a_shield,
    an_authority,
    an_involvement,
    cares_for,
)


async def facts_of(directory, child):
    return (await directory.children([child]))[child].facts


async def test_a_child_nobody_shields_is_not_shielded(database, directory):
    assert (await facts_of(directory, await a_child(database))).shield is Shield.NONE


async def test_a_shield_holds_from_the_request_on(database, directory):
    child = await a_child(database)
    await a_shield(database, child, decided_at=None)

    assert (await facts_of(directory, child)).shield is Shield.PROVISIONAL


async def test_the_strongest_shield_counts(database, directory):
    child = await a_child(database)
    await a_shield(database, child)
    await a_shield(database, child, decided_at=None)

    assert (await facts_of(directory, child)).shield is Shield.ACTIVE


async def test_a_lifted_shield_no_longer_holds(database, directory):
    child = await a_child(database)
    await a_shield(database, child, lifted_at=NOW)

    assert (await facts_of(directory, child)).shield is Shield.NONE


async def test_a_shield_holds_for_every_record_of_the_same_child(database, directory):
    child = await a_child(database)
    twin = await a_child(database, identity_id=child)
    await a_shield(database, twin)

    assert (await facts_of(directory, child)).shield is Shield.ACTIVE


async def test_a_child_who_shares_a_carer_with_a_shielded_child_is_associated(database, directory):
    child, sibling = await a_child(database), await a_child(database)
    await a_carer(database, of=[child, sibling])
    await a_shield(database, sibling)

    assert (await facts_of(directory, child)).shield is Shield.ASSOCIATED


async def test_a_record_is_associated_through_another_record_of_the_same_child(database, directory):
    child, sibling = await a_child(database), await a_child(database)
    twin = await a_child(database, identity_id=child)
    await a_carer(database, of=[twin, sibling])
    await a_shield(database, sibling)

    assert (await facts_of(directory, child)).shield is Shield.ASSOCIATED


async def test_an_authority_that_is_corporate_parent_of_both_associates_nobody(database, directory):
    child, shielded = await a_child(database), await a_child(database)
    authority = await a_carer(database)
    for cared_for in (child, shielded):
        await cares_for(database, authority, cared_for, relationship="CORPORATE_PARENT")
    await a_shield(database, shielded)

    assert (await facts_of(directory, child)).shield is Shield.NONE
    assert (await directory.carers_by_id([authority]))[authority].facts.shield is Shield.NONE


@pytest.mark.parametrize("ended", ["of the child", "of the shielded child"])
async def test_care_that_has_ended_associates_nobody(database, directory, ended):
    child, sibling = await a_child(database), await a_child(database)
    carer = await a_carer(database)
    await cares_for(database, carer, child, until=TODAY if ended == "of the child" else None)
    await cares_for(database, carer, sibling, until=TODAY if ended == "of the shielded child" else None)
    await a_shield(database, sibling)

    assert (await facts_of(directory, child)).shield is Shield.NONE


async def test_the_practitioners_of_a_child_are_those_now_involved_with_it(database, directory):
    child = await a_child(database)
    carer = await a_carer(database, of=[child])
    nurse, counsellor, formerly, about_the_carer = [await a_practitioner(database) for _ in range(4)]
    await an_involvement(database, child, practitioner_id=nurse)
    await a_sensitive_involvement(database, child, practitioner_id=counsellor)
    await an_involvement(database, child, practitioner_id=formerly, ended_on=TODAY)
    await an_involvement(database, child, practitioner_id=about_the_carer, carer_id=carer)

    assert (await facts_of(directory, child)).practitioners == {nurse, counsellor}


async def test_the_carers_of_a_child_are_those_with_parental_responsibility_now(database, directory):
    child = await a_child(database)
    mother = await a_carer(database, of=[child])
    await cares_for(database, await a_carer(database), child, has_parental_responsibility=False)
    await cares_for(database, await a_carer(database), child, until=TODAY)

    assert (await facts_of(directory, child)).carers == {mother}


async def test_a_conflict_holds_until_it_is_lifted(database, directory):
    child = await a_child(database)
    twin = await a_child(database, identity_id=child)
    conflicted, on_the_twin, lifted = [await a_practitioner(database) for _ in range(3)]
    await a_conflict(database, child, conflicted)
    await a_conflict(database, twin, on_the_twin)
    await a_conflict(database, child, lifted, lifted_at=NOW)

    assert (await facts_of(directory, child)).conflicted == {conflicted, on_the_twin}


@pytest.mark.parametrize(
    ("born", "standing"),
    [
        (date(2008, 11, 23), RecordStanding.LIVE),
        (date(2008, 11, 22), RecordStanding.ADULT),
        (date(2000, 1, 1), RecordStanding.ADULT),
    ],
)
async def test_a_live_record_is_an_adults_from_the_eighteenth_birthday(database, directory, born, standing):
    child = await a_child(database, date_of_birth=born)

    assert (await facts_of(directory, child)).standing is standing


async def test_coming_of_age_does_not_change_any_other_standing(database, directory):
    child = await a_child(database, date_of_birth=date(2000, 1, 1), standing="archived")

    assert (await facts_of(directory, child)).standing is RecordStanding.ARCHIVED


async def test_who_left_england_comes_of_age_as_well(database, directory):
    child = await a_child(database, date_of_birth=date(2008, 11, 22), standing="left-england")

    assert (await facts_of(directory, child)).standing is RecordStanding.ADULT


@pytest.mark.parametrize(
    ("ground", "born", "standing"),
    [
        ("youth-support", date(2008, 11, 23), RecordStanding.LIVE),
        ("youth-support", date(2008, 11, 22), RecordStanding.ADULT_WITH_CONSENT),
        ("youth-support", date(2007, 11, 23), RecordStanding.ADULT_WITH_CONSENT),
        ("youth-support", date(2007, 11, 22), RecordStanding.ADULT),
        ("care-leaver", date(2001, 11, 23), RecordStanding.ADULT_WITH_CONSENT),
        ("care-leaver", date(2001, 11, 22), RecordStanding.ADULT),
        ("learning-difficulty", date(2001, 11, 23), RecordStanding.ADULT_WITH_CONSENT),
        ("learning-difficulty", date(2001, 11, 22), RecordStanding.ADULT),
    ],
)
async def test_consent_keeps_a_record_to_the_age_that_goes_with_its_ground(database, directory, ground, born, standing):
    child = await a_child(database, date_of_birth=born)
    await a_consent_to_stay(database, child, ground=ground)

    assert (await facts_of(directory, child)).standing is standing


async def test_consent_keeps_every_record_of_the_same_person(database, directory):
    child = await a_child(database, date_of_birth=date(2007, 1, 1))
    twin = await a_child(database, identity_id=child, date_of_birth=date(2007, 1, 1))
    await a_consent_to_stay(database, twin)

    assert (await facts_of(directory, child)).standing is RecordStanding.ADULT_WITH_CONSENT


async def test_a_consent_to_stay_that_was_withdrawn_keeps_nothing(database, directory):
    child = await a_child(database, date_of_birth=date(2007, 1, 1))
    await a_consent_to_stay(database, child, withdrawn_by="directory.price", withdrawn_at=NOW)

    assert (await facts_of(directory, child)).standing is RecordStanding.ADULT


@pytest.mark.parametrize("standing", ["archived", "deceased"])
async def test_no_consent_keeps_a_record_that_is_archived(database, directory, standing):
    child = await a_child(database, date_of_birth=date(2007, 1, 1), standing=standing)
    await a_consent_to_stay(database, child)

    assert (await facts_of(directory, child)).standing is RecordStanding.ARCHIVED


@pytest.mark.parametrize(
    ("died_on", "standing"),
    [
        (date(2025, 11, 23), RecordStanding.DECEASED),
        (date(2025, 11, 22), RecordStanding.ARCHIVED),
        (None, RecordStanding.ARCHIVED),
    ],
)
async def test_a_year_after_death_the_record_is_in_the_archive(database, directory, died_on, standing):
    child = await a_child(database, standing="deceased", died_on=died_on)

    assert (await facts_of(directory, child)).standing is standing


async def test_a_child_has_the_same_facts_by_every_road(database, directory):
    child, sibling = await a_child(database, family_name="Roads"), await a_child(database)
    carer = await a_carer(database, of=[child])
    other_carer = await a_carer(database, of=[sibling])
    await cares_for(database, other_carer, child, has_parental_responsibility=False)
    await a_shield(database, sibling)
    practitioner = await a_practitioner(database)
    involvement = await an_involvement(database, child, practitioner_id=practitioner)
    await an_involvement(database, child, carer_id=carer)
    await a_conflict(database, child, await a_practitioner(database))

    facts = await facts_of(directory, child)

    assert (facts.shield, facts.home, facts.practitioners) == (Shield.ASSOCIATED, HOME, {practitioner})
    assert [record.facts for record in (await directory.children_of_carers([carer]))[carer]] == [facts]
    assert [record.facts for record in (await directory.involvements([child]))[child]] == [facts]
    assert [record.facts for record in (await directory.involvements_of_carers([carer]))[carer]] == [facts]
    assert (await directory.involvements_by_id([involvement]))[involvement].facts == facts
    [carer_record] = [record for record in (await directory.carers([child]))[child] if record.id == carer]
    assert carer_record.facts == facts


async def test_a_carer_has_the_strictest_facts_of_all_children_in_care(database, directory):
    child, shielded = await a_child(database), await a_child(database)
    carer = await a_carer(database, of=[child, shielded])
    other_carer = await a_carer(database, of=[shielded])
    await a_shield(database, shielded)
    involved = [await a_practitioner(database) for _ in range(2)]
    await an_involvement(database, child, practitioner_id=involved[0])
    await an_involvement(database, shielded, practitioner_id=involved[1])
    conflicted = await a_practitioner(database)
    await a_conflict(database, shielded, conflicted)

    facts = (await directory.carers_by_id([carer]))[carer].facts

    assert (facts.shield, facts.standing, facts.home) == (Shield.ACTIVE, RecordStanding.LIVE, HOME)
    assert facts.practitioners == set(involved)
    assert facts.conflicted == {conflicted}
    assert facts.carers == {carer, other_carer}
    assert [record.facts for record in (await directory.carers([child]))[child]] == [facts]


@pytest.mark.parametrize(("decided", "shield"), [(None, Shield.PROVISIONAL), (NOW, Shield.ACTIVE)])
async def test_a_carers_shield_is_the_strongest_of_the_childrens(database, directory, decided, shield):
    child = await a_child(database)
    carer = await a_carer(database, of=[child, await a_child(database)])
    await a_shield(database, child, decided_at=decided)

    assert (await directory.carers_by_id([carer]))[carer].facts.shield is shield


async def test_a_carer_of_an_associated_child_is_associated(database, directory):
    child, shielded = await a_child(database), await a_child(database)
    await a_carer(database, of=[child, shielded])
    carer = await a_carer(database, of=[child])
    await a_shield(database, shielded)

    assert (await directory.carers_by_id([carer]))[carer].facts.shield is Shield.ASSOCIATED


async def test_a_carer_of_children_of_two_authorities_is_at_home_with_neither(database, directory):
    elsewhere = await an_authority(database, "E08000003")
    here, there = await a_child(database), await a_child(database, authority=elsewhere)
    carer, alone = await a_carer(database, of=[here, there]), await a_carer(database)

    found = await directory.carers_by_id([carer, alone])

    assert (found[carer].facts.home, found[alone].facts.home) == ("", "")


async def test_care_that_has_ended_adds_nothing_to_a_carers_facts(database, directory):
    carer = await a_carer(database)
    shielded = await a_child(database)
    await cares_for(database, carer, shielded, until=TODAY - timedelta(days=1))
    await a_shield(database, shielded)
    await an_involvement(database, shielded)

    facts = (await directory.carers_by_id([carer]))[carer].facts

    assert (facts.shield, facts.practitioners) == (Shield.NONE, frozenset())
