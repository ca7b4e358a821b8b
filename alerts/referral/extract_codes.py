"""The national codes of our words, and which of those that were used are still to be agreed.

Theory of operation: an extract is built with one Coder. It answers with the code of a word, or with
TO BE AGREED, and counts every use of a code that the provider has not agreed, so that the
data-quality report says each once and not once a referral.
"""

from collections import Counter
from hashlib import sha256
from uuid import UUID

import msgspec

from alerts.rule_rows import CodeList
from alerts.ruleset import Rules

TO_BE_AGREED = "TO BE AGREED"
ID_BYTES = 10
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BITS_A_LETTER = 5


class Use(msgspec.Struct, frozen=True, order=True):
    """A code that is not agreed: where it stands, our word, and what was printed."""

    item: str
    word: str
    printed: str


class Coder:
    """Answers with codes and counts those that are not agreed; one for each extract."""

    def __init__(self, rules: Rules) -> None:
        """Begin with nothing used."""
        self._codes = rules.codes
        self.not_agreed: Counter[Use] = Counter()

    def code(self, item: str, of: CodeList, word: str) -> str:
        """Give the code of a word; `item` is the table and column where it stands."""
        row = self._codes.get((of, word))
        printed = TO_BE_AGREED if row is None or row.code is None else row.code
        if row is None or not row.agreed:
            self.not_agreed[Use(item, word, printed)] += 1
        return printed


def short_id(long: str) -> str:
    """Give a record's id in 16 letters and digits, the same for ever.

    The data set's keys hold 20 characters (general knowledge, to be confirmed with the provider);
    our ids are UUIDs of 36. Eighty bits of their SHA-256 are kept.
    """
    number = int.from_bytes(sha256(UUID(long).bytes).digest()[:ID_BYTES], "big")
    letters = ID_BYTES * 8 // BITS_A_LETTER
    return "".join(
        ALPHABET[(number >> (BITS_A_LETTER * place)) & 31] for place in reversed(range(letters))
    )
