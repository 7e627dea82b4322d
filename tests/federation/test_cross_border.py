"""A child held by another authority is found under the person who asks, by both sides' rules, and both record it."""

from tests.support.borders import MIA, a_nurse, mia, two_authorities
from tests.support.federation import ELSEWHERE, HERE, THERE


async def test_a_nurse_here_finds_the_social_worker_there(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        child = await mia(borders.there, nhs_number="9434765919")
        nurse = await a_nurse(borders.here)
        answer = await borders.find(nurse)

        assert answer.codes == [], answer.messages
        search = answer.data["searchChildren"]
        [candidate] = search["candidates"]
        found = candidate["child"]
        assert found["id"] == f"{THERE}.chd-{child}"
        assert (found["givenName"], found["familyName"]) == ("Mia", "Marsh")
        assert found["carers"] == [{"name": "Joan Marsh", "telephone": "0161 496 0777"}]
        [involvement] = found["involvements"]
        assert involvement["practitioner"]["name"] == "Sam Carter"
        assert involvement["practitioner"]["agency"] == {"name": "Children's Services"}
        assert found["nhsNumber"] is None
        assert {"field": "nhsNumber", "reason": "CROSS_BORDER"} in found["withheld"]
        assert all(one["source"].startswith(f"{THERE}: ") for one in found["provenance"])
        assert [(source["authority"]["code"], source["status"]) for source in search["sources"]] == [
            (HERE, "ANSWERED"),
            (THERE, "ANSWERED"),
        ]
        ours = await borders.here.entry(answer.headers["x-request-id"])
        theirs = await borders.there.entry(answer.headers["x-request-id"])
        noted = ours["sources"][1]
        assert (noted["authority"], noted["entry"]["leaf"]) == (THERE, theirs["leaf"])
        assert noted["entry"]["number"] == theirs["seq"]
        assert theirs["caller"]["peer"] == HERE
        assert theirs["caller"]["assertion"]
        assert "Child" in [record["type"] for record in ours["records"] if record["home"] == THERE]


async def test_local_candidates_are_told_and_the_silent_authority_is_named(postgres, tmp_path):
    async with two_authorities(postgres, tmp_path) as borders:
        await mia(borders.here)
        await mia(borders.there)
        answer = await borders.find(await a_nurse(borders.here), MIA, (THERE, ELSEWHERE))

        search = answer.data["searchChildren"]
        ids = [candidate["child"]["id"] for candidate in search["candidates"]]
        assert [one.partition(".")[0] == THERE for one in ids] == [True, False]
        assert [(source["authority"]["code"], source["status"]) for source in search["sources"]] == [
            (HERE, "ANSWERED"),
            (THERE, "ANSWERED"),
            (ELSEWHERE, "UNAVAILABLE"),
        ]
