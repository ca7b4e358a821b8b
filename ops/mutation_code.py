"""Puts a changed module in the place of the one on disk, which is never touched.

`before_import` gives it to the import system; it serves every change. `Functions.take` gives a
module's functions, already imported and referred to from everywhere, their changed code: a
hundred times quicker, for a change inside a function that nothing called during the import.
"""

import gc
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType


class _Finder:
    """Gives one module with its change in place of the one on disk."""

    def __init__(self, module: str, path: Path, code: CodeType) -> None:
        self._module = module
        self._path = path
        self._code = code

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        assert spec is not None  # it stands where it was read from
        spec.loader = _Loader(name, str(self._path), self._code)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - it is made for one module
        return self._code


def before_import(module: str, path: Path, code: CodeType) -> None:
    """Let the next import of a module give the changed one."""
    assert module not in sys.modules
    sys.meta_path.insert(0, _Finder(module, path, code))


class Functions:
    """Every function that is imported, by file and qualified name, wherever it is held."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[FunctionType]] = defaultdict(list)
        for one in gc.get_objects():
            if isinstance(one, FunctionType):
                code = one.__code__
                self._found[code.co_filename, code.co_qualname].append(one)

    def take(self, path: Path, name: str, code: CodeType) -> None:
        """Give a function the code it has in a changed module."""
        found = self._found[str(path), name]
        (changed,) = _called(code, name)
        assert found  # `fits` said that it is there once
        for one in found:
            one.__code__ = changed


def fits(code: CodeType, changed: CodeType, name: str) -> bool:
    """Whether a module's function can be given the code it has in the changed module."""
    old, new = _called(code, name), _called(changed, name)
    return len(old) == len(new) == 1 and old[0].co_freevars == new[0].co_freevars


def _called(code: CodeType, name: str) -> list[CodeType]:
    return [one for one in _codes(code) if one.co_qualname == name]


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield every code that stands within a code, at any depth."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)
