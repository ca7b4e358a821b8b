"""What can go wrong in the shell, and what each tells the person who reads it.

GatewayError
|-- SettingsError        settings, rules or files are wrong; the start stops
|-- StoreError           the database said no
|   |-- StoreUnavailable     it cannot be reached or cannot commit: try again, acknowledge nothing
|   |-- StoreBusy            somebody else holds the row, or a deadlock was broken: try again
|   `-- BadData              it refuses this value for ever: isolate it
|-- CannotDecide         one case breaks whatever is done with it; all other cases go on
`-- DeliveryError        a sender could not deliver
"""

from uuid import UUID


class GatewayError(Exception):
    """Base of everything the shell raises; its text says what, where and what to do next."""


class SettingsError(GatewayError):
    """Settings, rules or files are wrong; the start stops."""


class StoreError(GatewayError):
    """The database said no."""


class StoreUnavailable(StoreError):  # noqa: N818 - a state, named as the operator will say it
    """The database cannot be reached or cannot commit: acknowledge nothing, try again."""


class NoTables(StoreUnavailable):
    """The database is not in the shape of this version: its migrations are not done."""


class StoreBusy(StoreError):  # noqa: N818 - as above
    """A lock could not be had in time, or a deadlock was broken: try again."""


class BadData(StoreError):  # noqa: N818 - as above
    """The database refuses this value for ever: isolate the message that holds it."""


class CannotDecide(GatewayError):  # noqa: N818 - a state, named as the log says it
    """A case cannot be read, decided or saved, whatever comes to it; all other cases go on."""

    def __init__(self, subject_id: UUID, error: str) -> None:
        """Name the case and what was raised."""
        super().__init__(f"the case {subject_id} cannot be decided: {error}; see its decisions")
        self.subject_id = subject_id


class DeliveryError(GatewayError):
    """A sender could not deliver; `again` says whether trying again can help.

    Its text is for the operator who takes the case over: plain words, what to do, no personal data.
    `after_s` is how long the receiver asked us to wait.
    """

    def __init__(self, message: str, *, again: bool = True, after_s: float | None = None) -> None:
        super().__init__(message)
        self.again = again
        self.after_s = after_s
