"""The check digit of an NHS number (NHS Data Dictionary, NHS NUMBER: modulus 11).

A number that fails is flagged and shown, never discarded: it may be the only thing by which a
person can be found, and published examples fail too (CLINICAL 0.1, 6).
"""

DIGITS = 10
MODULUS = 11


def is_nhs_number(text: str) -> bool:
    """Say whether ten digits carry a right check digit."""
    if len(text) != DIGITS or not (text.isascii() and text.isdigit()):
        return False
    digits = [int(digit) for digit in text]
    weighted = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (MODULUS - weighted % MODULUS) % MODULUS == digits[-1]
