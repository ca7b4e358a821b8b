"""What hatch does before it packs a wheel: see that the console's files of others are there."""

import importlib.util
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleFiles(BuildHookInterface[Any]):
    """Runs ops/web/files.py; its failure is the build's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the files, unless what stands there is of the same lock file.

        Raises:
            Exception: they cannot be had, or are not what was expected.
        """
        del version, build_data
        path = Path(self.root) / "ops" / "web" / "files.py"
        spec = importlib.util.spec_from_file_location("console_files", path)
        assert spec is not None
        assert spec.loader is not None
        files = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(files)
        if not files.ensure(optional=os.environ.get("CONSOLE_FILES") == "optional"):
            self.app.display_warning("no registry: the console is packed with its own style alone")
