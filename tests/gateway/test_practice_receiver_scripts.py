"""Which mood the next message meets: by command over HTTP, by script, by chance."""

import random

import pytest

from gateway.practice_receiver.moods import Mood, Moods, Step, read_script
from tests.gateway.practice_house import practising, referral

TOML_SCRIPT = b"""
[[steps]]
mood = "503"

[[steps]]
mood = "slow"
delay_s = 4
then = ["finished"]
"""
JSON_SCRIPT = b'[{"mood": "503"}, {"mood": "slow", "delay_s": 4, "then": ["finished"]}]'


async def test_the_mood_is_changed_over_http() -> None:
    async with practising() as (receiver, sender):
        stays = await sender.client.post("/practice/mood", json={"mood": "503"})
        first = await sender.send(referral())
        plays = await sender.client.post("/practice/mood", json=[{"mood": "planned"}])
        second = await sender.send(referral())
        third = await sender.send(referral())
        wrong = await sender.client.post("/practice/mood", json={"mood": "cheerful"})
        page = await sender.client.post("/practice/mood", content=b'{"mood": "400"}')

        assert stays.json()["steady"]["mood"] == "503"
        assert plays.json()["script_left"] == 1
        assert [one.status_code for one in (first, second, third)] == [503, 200, 503]
        assert wrong.status_code == 400
        assert "cheerful" in wrong.json()["error"]
        assert page.status_code == 415
        assert [one.mood for one in receiver.messages] == ["503", "planned", "503"]


@pytest.mark.parametrize(
    ("content", "toml"),
    [
        (TOML_SCRIPT, True),
        (JSON_SCRIPT, False),
        (b'{"steps": ' + JSON_SCRIPT + b"}", False),
    ],
)
def test_a_script_is_toml_or_json(content: bytes, toml: bool) -> None:  # noqa: FBT001
    first, second = read_script(content, toml=toml)

    assert first.mood is Mood.UNAVAILABLE
    assert second.wait_s == 4
    assert second.afterwards == ("finished",)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"[1]", b'[{"mood": "?"}]', b'[{"mood": "503", "delay": 1}]', b"\xff",
     b'[{"mood": "503", "delay_s": -1}]', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_script_says_so(content: bytes) -> None:
    with pytest.raises(ValueError, match="script"):
        read_script(content, toml=False)


def test_a_script_goes_first_then_chance_then_nothing_of_either() -> None:
    chance, same = (random.Random(4) for _ in range(2))  # noqa: S311 - draws moods
    moods = Moods(Step(Mood.PLANNED), [Step(Mood.BROKEN)], chance)
    drawn = [moods.next().mood for _ in range(40)]
    again = Moods(Step(Mood.PLANNED), [Step(Mood.BROKEN)], same)

    assert drawn[0] is Mood.BROKEN
    assert len(set(drawn)) > 8
    assert drawn == [again.next().mood for _ in range(40)]
    moods.stay(Step(Mood.SLOW))
    assert {moods.next().mood for _ in range(10)} == {Mood.SLOW}


async def test_a_mood_that_does_not_exist_is_told_at_once() -> None:
    async with practising() as (receiver, _sender):
        for wrong in (
            {"mood": "cheerful"},
            {"mood": "slow", "delay_s": -1},
            {"mood": "slow", "x": 1},
        ):
            with pytest.raises(ValueError, match=r"\$|unknown field"):
                receiver.set_mood(**wrong)
