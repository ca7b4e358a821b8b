"""The three ways in which a device's message can fail to become Signals.

The order of the questions is fixed: is it ours, is it intact, is it understood?

    DecodeError              never raised itself
    |-- NotMine              not a message of this link or device family
    |-- Corrupt              ours, but broken: cut, garbled, out of range
    `-- Unknown              ours and intact, but its meaning is not known

The core raises; the shell names the class once and turns it into evidence, a count and, where
DECIDING asks for it, a technical alarm or an "unknown caller".
"""


class DecodeError(Exception):
    """A message that gave no Signals; the text says what was found and what was expected."""

    word: str = ""

    def __init__(self, message: str) -> None:
        """Keep the message; refuse to be raised as the base class.

        Raises:
            TypeError: when the base class itself is raised: the caller must say which question
                was answered with no.
        """
        if type(self) is DecodeError:
            msg = "DecodeError is never raised itself: raise NotMine, Corrupt or Unknown"
            raise TypeError(msg)
        super().__init__(message)


class NotMine(DecodeError):  # noqa: N818 - DESIGN 3 names it so
    """The bytes are not of this link or device family."""

    word = "not_mine"


class Corrupt(DecodeError):  # noqa: N818 - DESIGN 3 names it so
    """The bytes are of this link, but cut, garbled or outside what the format allows."""

    word = "corrupt"


class Unknown(DecodeError):  # noqa: N818 - DESIGN 3 names it so
    """The message is intact, but what it means is not known."""

    word = "unknown"
