"""The templates: everything escaped, and a name nobody gave is an error.

The components of the NHS design system (the package nhsuk-frontend-jinja) read parameters that
were not given as empty, so they live in an environment of their own; ours stays strict.
"""

import re
from functools import cache
from typing import Any

from jinja2 import (
    ChainableUndefined,
    Environment,
    PackageLoader,
    StrictUndefined,
    TemplateNotFound,
    select_autoescape,
)

from gateway.console import local_time
from gateway.console.assets import assets

CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
# Components whose folder is named otherwise than their macro.
FOLDERS = {"table": "tables", "image": "images"}


class Components:
    """The NHS components by the names of their macros: `nhs.summaryList({...})`."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("nhsuk_frontend_jinja"),
            undefined=ChainableUndefined,
            autoescape=True,
        )
        self._macros: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a macro takes what it documents
        """Give a component's macro.

        Raises:
            KeyError: there is none of that name.
        """
        if name not in self._macros:
            folder = FOLDERS.get(name, CAPITAL.sub("-", name).lower())
            try:
                template = self._environment.get_template(f"nhsuk/components/{folder}/macro.jinja")
            except TemplateNotFound as error:
                raise KeyError(f"no NHS component {name!r}") from error
            self._macros[name] = getattr(template.module, name)
        return self._macros[name]


@cache
def environment() -> Environment:
    """Make the environment of all pages, once."""
    made = Environment(
        loader=PackageLoader("gateway.console"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"static": assets().url, "styles": assets().styles, "nhs": Components()}
    made.globals["time"] = local_time.element
    made.filters |= {
        "local": local_time.element,
        "utc": local_time.stamp,
        "local_date": local_time.date_words,
        "running": local_time.running,
        "seconds": local_time.span_words,
    }
    return made
