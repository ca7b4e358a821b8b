"""A step that did not happen, or happened too late: why a demo ends with a non-zero exit."""


class Missing(Exception):  # noqa: N818 - it is what the person reads: a missing step
    """What was found and what was expected, in words a person can act on."""
