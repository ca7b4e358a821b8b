"""What can go wrong in the shell, and what each tells the person who reads it.

GatewayError
|-- SettingsError        settings, rules or files are wrong; the start stops
|-- StoreError           the database said no
|   |-- StoreUnavailable     it cannot be reached or cannot commit: try again, acknowledge nothing
|   |-- StoreBusy            somebody else holds the row, or a deadlock was broken: try again
|   `-- BadData              it refuses this value for ever: isolate it
`-- DeliveryError        a sender could not deliver
"""


class GatewayError(Exception):
    """Base of everything the shell raises; its text says what, where and what to do next."""


class SettingsError(GatewayError):
    """Settings, rules or files are wrong; the start stops."""


class StoreError(GatewayError):
    """The database said no."""


class StoreUnavailable(StoreError):  # noqa: N818 - a state, named as the operator will say it
    """The database cannot be reached or cannot commit: acknowledge nothing, try again."""


class StoreBusy(StoreError):  # noqa: N818 - as above
    """A lock could not be had in time, or a deadlock was broken: try again."""


class BadData(StoreError):  # noqa: N818 - as above
    """The database refuses this value for ever: isolate the message that holds it."""


class DeliveryError(GatewayError):
    """A sender could not deliver; `again` says whether trying again can help."""

    def __init__(self, message: str, *, again: bool = True) -> None:
        super().__init__(message)
        self.again = again
