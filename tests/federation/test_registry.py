"""Only the operator's registry is used, while it is in force, and never an older one than was used before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.postgres.federation import RegistryReleases
from connectors.registry import FollowedRegistry
from gateway.federation.certificates import holder_of
from gateway.federation.registry import (
    RegistryRefused,
    join_request,
    member_of,
    read_join_request,
    read_registry,
    sign_registry,
)
from gateway.federation.signed import new_key, sign
from tests.support.builders import NOW
from tests.support.federation import ELSEWHERE, HERE, OPERATOR, THERE, RegistryFile, enrolled


@pytest.fixture
def here(tmp_path):
    return enrolled(tmp_path, HERE)


@pytest.fixture
def there(tmp_path):
    return enrolled(tmp_path, THERE)


@pytest.fixture
def registry(tmp_path, here, there):
    return RegistryFile(tmp_path, here, there)


def followed(registry, database, clock=lambda: NOW):
    return FollowedRegistry(
        str(registry.file), operator_keys=registry.keys_file, releases=RegistryReleases(database), clock=clock
    )


def test_a_member_is_read_back_as_it_was_signed(registry, here, there):
    read = read_registry(registry.file.read_text(), keys=[registry.key], at=NOW)

    assert {member.document()["sub"] for member in read.members.values()} == {here.member.uri, there.member.uri}
    assert read.members[HERE].document() == here.member.document()


def test_a_registry_of_every_authority_there_is_can_be_read(registry, here):
    """A hundred and fifty members, some of whom change their keys and issuers at this moment."""
    members = [
        replace(
            here.member,
            authority=f"E06{number:06}",
            uri=f"urn:directory-gateway:E06{number:06}",
            keys=(new_key(), new_key()),
            issuers=here.member.issuers * 2,
        )
        for number in range(150)
    ]
    text = sign_registry(
        members, operator=OPERATOR, sequence=1, issued=NOW, expires=NOW + timedelta(days=7), key=registry.key
    )

    assert len(read_registry(text, keys=[registry.key], at=NOW).members) == 150


def test_an_expired_registry_is_refused(registry, here):
    text = registry.text(here, issued=NOW - timedelta(days=8))

    with pytest.raises(RegistryRefused, match="expired"):
        read_registry(text, keys=[registry.key], at=NOW)


def test_a_registry_from_the_future_is_refused(registry, here):
    text = registry.text(here, issued=NOW + timedelta(hours=1))

    with pytest.raises(RegistryRefused, match="future"):
        read_registry(text, keys=[registry.key], at=NOW)


def test_a_registry_that_a_member_signed_is_refused(registry, here):
    with pytest.raises(RegistryRefused, match="not its operator's"):
        read_registry(registry.text(here, key=here.key), keys=[registry.key], at=NOW)


def test_a_join_request_is_no_registry(registry, here):
    with pytest.raises(RegistryRefused, match="no registry"):
        read_registry(join_request(here.member, key=here.key), keys=[here.key], at=NOW)


def test_two_members_may_not_share_what_tells_them_apart(here, there):
    for shared in ({"keys": here.member.keys}, {"uri": here.member.uri}, {"authority": here.member.authority}):
        with pytest.raises(RegistryRefused, match="the same"):
            sign_registry(
                [here.member, replace(there.member, **shared)],
                operator=OPERATOR,
                sequence=1,
                issued=NOW,
                expires=NOW + timedelta(days=1),
                key=new_key(),
            )


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("endpoints", ["http://plain.invalid"]),
        ("endpoints", ["https://user@host.invalid"]),
        ("endpoints", ["https://host.invalid/elsewhere?x=1"]),
        ("endpoints", []),
        ("authority", "358"),
        ("x5c_issuers", ["AAAA"]),
        ("roles", ["Not A Word"]),
        ("roles", []),
    ],
)
def test_a_malformed_entry_is_refused(here, part, value):
    document = here.member.document()
    document["metadata"]["directory_gateway"][part] = value

    with pytest.raises(RegistryRefused, match="malformed"):
        member_of(document)


def test_a_join_request_proves_that_its_maker_has_the_key(here, there):
    assert read_join_request(join_request(here.member, key=here.key)).document() == here.member.document()
    with pytest.raises(RegistryRefused):
        read_join_request(sign(here.member.document(), type="directory-join-request+jwt", key=there.key))


async def test_a_change_of_the_registry_is_taken_up_while_serving(database, registry, here, there):
    following = followed(registry, database)
    await following.start(interval=0)
    registry.publish(here)

    assert await following.reload()
    assert set(following.in_force().members) == {HERE}


async def test_a_registry_that_is_older_is_refused_also_after_a_restart(database, registry, here, there):
    older = registry.file.read_text()
    registry.publish(here)
    await followed(registry, database).start(interval=0)
    registry.file.write_text(older)
    restarted = followed(registry, database)
    await restarted.start(interval=0)

    assert restarted.in_force() is None
    assert "number 2 has already been used" in restarted.complaint


async def test_a_second_registry_under_the_same_number_is_refused(database, registry, here, there):
    following = followed(registry, database)
    await following.start(interval=0)
    registry.publish(here, sequence=1)

    assert not await following.reload()
    assert set(following.in_force().members) == {HERE, THERE}
    assert following.complaint == "there are two registries with number 1"


async def test_a_refused_registry_leaves_the_one_in_force_until_that_expires(database, registry, here):
    now = [NOW]
    following = followed(registry, database, clock=lambda: now[0])
    await following.start(interval=0)
    registry.file.write_text("junk")

    assert not await following.reload()
    assert following.in_force() is not None
    now[0] += timedelta(days=8)
    assert following.in_force() is None
    assert following.latest is not None


async def test_no_registry_at_all_does_not_stop_the_start(database, registry):
    registry.file.unlink()
    following = followed(registry, database)
    await following.start(interval=0)

    assert following.in_force() is None
    assert "cannot be read" in following.complaint


async def test_the_operators_key_rotates_by_way_of_a_registry_that_names_the_next(database, registry, here):
    old, new = registry.key, new_key()
    following = followed(registry, database)
    await following.start(interval=0)
    registry.publish(here, operator_keys=[old, new])
    await following.reload()
    registry.publish(here, key=new, operator_keys=[new], withdrawn=[old.thumbprint()])

    assert await following.reload()
    registry.publish(here, key=old)
    assert not await following.reload()
    assert "not its operator's" in following.complaint


async def test_a_key_that_no_registry_named_does_not_become_the_operators(database, registry, here):
    following = followed(registry, database)
    await following.start(interval=0)
    registry.publish(here, key=new_key())

    assert not await following.reload()
    assert following.in_force().sequence == 1


def test_a_certificate_belongs_to_the_member_whose_issuer_made_it(registry, here, there):
    read = read_registry(registry.file.read_text(), keys=[registry.key], at=NOW)

    assert holder_of(here.certificate, read).authority == HERE


def test_an_issuer_cannot_make_certificates_for_another_member(registry, here, there):
    there.renew(uri=here.member.uri)
    read = read_registry(registry.file.read_text(), keys=[registry.key], at=NOW)

    assert holder_of(there.certificate, read) is None


def test_a_certificate_of_nobody_listed_belongs_to_nobody(tmp_path, registry):
    read = read_registry(registry.file.read_text(), keys=[registry.key], at=NOW)

    assert holder_of(enrolled(tmp_path, ELSEWHERE).certificate, read) is None
    assert holder_of(b"junk", read) is None
