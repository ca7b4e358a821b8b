"""Streams with damage at a known place: what stands before and after it is untouched."""

import random
from collections.abc import Iterator, Sequence

STREAMS = 1_000


def damaged(frames: Sequence[bytes], chance: random.Random) -> tuple[bytes, list[bytes]]:
    """Cut, lengthen or flip something in one to three frames.

    Returns:
        The whole stream, and the frames that were left as they are, in order.
    """
    hit = set(chance.sample(range(len(frames) - 1), chance.randint(1, 3)))
    stream = [
        _broken(frame, chance) if number in hit else frame for number, frame in enumerate(frames)
    ]
    return b"".join(stream), [one for number, one in enumerate(frames) if number not in hit]


def _broken(frame: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(frame))
    kind = chance.choice(("cut", "insertion", "flip"))
    if kind == "cut":
        return frame[:at] + frame[at + chance.randint(1, len(frame)) :]
    if kind == "insertion":
        return frame[:at] + chance.randbytes(chance.randint(1, 40)) + frame[at:]
    octet = frame[at] ^ 1 << chance.randrange(8)
    return frame[:at] + bytes((octet,)) + frame[at + 1 :]


def reads(stream: bytes, chance: random.Random) -> Iterator[bytes]:
    """Cut a stream into reads of one byte to a few frames."""
    while stream:
        size = chance.choice((1, 2, 7, 60, 500))
        yield stream[:size]
        stream = stream[size:]


def in_order(wanted: Sequence[bytes], found: Sequence[bytes]) -> bool:
    """Say whether all that is wanted was found, in its order, others in between or not."""
    rest = iter(found)
    return all(one in rest for one in wanted)
