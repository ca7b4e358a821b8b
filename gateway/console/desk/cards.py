"""Script cards in two languages, as data (cards.toml). Pure but for reading its own file.

Contract: every language has every sentence, and says how far its translation was approved; an
unknown key, a sentence too many or too few is an error naming it.
"""

from functools import cache
from importlib import resources
from typing import Literal

import msgspec

TO_BE_APPROVED = "translation to be approved"


class Sentence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be said, in English."""

    id: str
    english: str


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A language's words for every sentence; `approver` is empty until somebody has approved."""

    id: str
    name: str
    own_name: str
    direction: Literal["ltr", "rtl"]
    status: str
    author: str
    approver: str
    words: dict[str, str]


class Cards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All cards."""

    sentence: tuple[Sentence, ...]
    language: tuple[Language, ...]


def parse(text: str) -> Cards:
    """Read the cards.

    Raises:
        ValueError: a language lacks a sentence or has one that nobody asked for, or claims an
            approval without an approver who is somebody else than its author.
    """
    found = msgspec.toml.decode(text, type=Cards)
    wanted = [one.id for one in found.sentence]
    for language in found.language:
        if sorted(language.words) != sorted(wanted):
            odd = sorted(set(wanted) ^ set(language.words))
            raise ValueError(f"cards.toml: {language.id} and the sentences differ in {odd}")
        approved = language.status != TO_BE_APPROVED
        if approved and language.approver in ("", language.author):
            raise ValueError(f"cards.toml: {language.id} is approved by nobody else")
    return found


@cache
def cards() -> Cards:
    """Give the shipped cards."""
    file = resources.files("gateway.console.desk").joinpath("cards.toml")
    return parse(file.read_text(encoding="utf-8"))
