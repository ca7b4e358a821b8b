"""Read the rules: the shipped ones from the package, or an approved folder in their place."""

from importlib import resources
from pathlib import Path

from alerts.ruleset import RuleError, Rules, parse_rules
from gateway.errors import SettingsError


def read_rules(folder: Path | None = None) -> Rules:
    """Parse all rule files.

    Raises:
        SettingsError: names the file, the row and the key that is wrong; the start stops.
    """
    source = folder if folder is not None else resources.files("alerts").joinpath("rules")
    try:
        files = {
            entry.name: entry.read_bytes()
            for entry in sorted(source.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".toml")
        }
        return parse_rules(files)
    except (OSError, RuleError) as error:
        raise SettingsError(f"the rules cannot be used: {error}") from error
