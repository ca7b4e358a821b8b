"""Style sheets and modules as they are served: read once, named by what they hold.

The digest of the whole tree stands in every address, so that a browser may keep a file for ever,
and modules that import one another by relative names always come from the same release. Nothing
is looked up by a path that a client sends: only what was read at the start can be had.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

BASE = "/console/static"
DIGEST_CHARACTERS = 16
MAX_FILE_BYTES = 2 * 1024 * 1024
KINDS: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
NHS_STYLE = "vendor/nhsuk-frontend.min.css"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes and their media type."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files of one release, by their path below the folder `static`."""

    release: str
    files: Mapping[str, Asset]

    def url(self, path: str) -> str:
        """Give the address of a file.

        Raises:
            KeyError: there is none, or it was not built.
        """
        if path not in self.files:
            raise KeyError(f"no static file {path!r}: it is not in this release")
        return f"{BASE}/{self.release}/{path}"

    @property
    def styles(self) -> tuple[str, ...]:
        """Give the style sheets of every page: ours last, so that it wins; it needs no other."""
        third_party = (NHS_STYLE,) if NHS_STYLE in self.files else ()
        return (*third_party, "console/base.css", "console/parts.css")


@cache
def assets() -> Assets:
    """Read the files of the package once.

    Raises:
        ValueError: a file is longer than expected.
    """
    found = dict(_walk(resources.files("gateway.console").joinpath("static"), ""))
    whole = hashlib.sha256()
    for path, one in sorted(found.items()):
        whole.update(f"{path}\0{len(one.body)}\0".encode())
        whole.update(one.body)
    return Assets(whole.hexdigest()[:DIGEST_CHARACTERS], found)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
            continue
        kind = KINDS.get(entry.name.rpartition(".")[2])
        if kind is None:
            continue
        body = entry.read_bytes()
        if len(body) > MAX_FILE_BYTES:
            raise ValueError(f"{path}: {len(body)} bytes, expected at most {MAX_FILE_BYTES}")
        yield path, Asset(body, kind)
