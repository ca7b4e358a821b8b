"""The files of others that the console's wheel carries: exact, clean, and refused when not."""

import json
import re
from pathlib import Path

import pytest

from ops.web import files

FONTS = "@font-face{src:url(https://assets.nhs.uk/a.woff2)}" * 2


def test_the_lock_file_names_a_digest_for_every_package() -> None:
    lock = json.loads((files.HERE / "package-lock.json").read_text())
    without = [
        name
        for name, package in lock["packages"].items()
        if name and not package.get("integrity", "").startswith("sha512-")
    ]

    assert without == []


def test_the_two_rules_of_the_typeface_go_and_the_icons_stay_at_home() -> None:
    text = files.clean(
        f"{FONTS}a{{color:red}}b{{background:url(/assets/images/nhsuk-icon-cross.svg)}}"
    )

    assert text == "a{color:red}b{background:url(nhsuk-icon-cross.svg)}"


@pytest.mark.parametrize("fonts", [0, 1, 3])
def test_another_number_of_font_rules_stops_the_build(fonts: int) -> None:
    with pytest.raises(files.FilesError, match=f"{fonts} rules"):
        files.clean("@font-face{src:url(https://assets.nhs.uk/a.woff2)}" * fonts)


def test_a_rule_that_loads_from_elsewhere_stops_the_build() -> None:
    with pytest.raises(files.FilesError, match="another host"):
        files.clean(FONTS + "a{background:url(//elsewhere.example/x.png)}")


def test_a_wanted_file_that_is_missing_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(files.FilesError, match="missing"):
        files._chosen(tmp_path)


@pytest.mark.parametrize(
    ("said", "optional", "error"),
    [
        ("npm error code EINTEGRITY", True, files.FilesError),
        ("npm error code ENOTFOUND", False, files.OutOfReachError),
    ],
)
def test_a_tampered_package_stops_the_build_and_so_does_a_needed_one_out_of_reach(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    optional: bool,  # noqa: FBT001 - a case of the table
    error: type[Exception],
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\necho '{said}'\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(error):
        files.ensure(tmp_path / "vendor", optional=optional)
    assert not (tmp_path / "vendor").exists()


def test_an_optional_one_out_of_reach_is_gone_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code EAI_AGAIN'\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert not files.ensure(tmp_path / "vendor", optional=True)


def test_no_style_of_ours_loads_anything_from_elsewhere() -> None:
    root = files.VENDOR.parent
    loaded = [
        (path.name, found)
        for path in root.rglob("*")
        if path.suffix in (".css", ".js") and path.is_file()
        for found in re.findall(
            r"(?:url\(|from \"|import\(\")\s*[\"']?(?:https?:)?//[^\s)]*", path.read_text()
        )
    ]

    assert loaded == []
