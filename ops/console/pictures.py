"""Photograph every page and state of the console, in every size, with what axe finds beside it.

    .venv/bin/python ops/screenshots.py --to DIR [--only TEXT] [--size laptop]

A real gateway with a database of its own and fictional people, in a real browser. DIR gets one PNG
a scene and size, and index.html with all of them. Exit code 1 when axe finds a violation of WCAG
2.2 AA anywhere, or a page is wider than its screen; the pictures still have to be looked at.
"""

import argparse
import asyncio
import html
import sys
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path

from playwright.async_api import Page

from ops.console.axe import axe
from ops.console.browser import NoBrowserError, launched
from ops.console.house import House
from ops.console.scenes import SIZES, Scene

MODULES = ("ops.console.scenes", "ops.console.desk_scenes")
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Tall pages are cut: a picture is to be looked at.
MAX_HEIGHT = 6_000


def scenes(only: str) -> Iterator[Scene]:
    """Give the scenes of all modules whose name holds `only`."""
    for name in MODULES:
        if util.find_spec(name) is not None:
            yield from (one for one in import_module(name).SCENES if only in one.name)


async def look(page: Page) -> list[str]:
    """Give what is wrong with a page, one line each."""
    wrong = await axe(page)
    if await page.evaluate(WIDER):
        wrong.append("the page is wider than the screen")
    return wrong


async def shoot(house: House, scene: Scene, size: str, folder: Path) -> list[str]:
    """Bring a scene about, photograph it, and bring the house back."""
    try:
        page = await scene.prepare(house, SIZES[size])
        await page.evaluate("() => window.scrollTo(0, 0)")
        await page.wait_for_timeout(300)
        height = min(await page.evaluate("() => document.documentElement.scrollHeight"), MAX_HEIGHT)
        width = page.viewport_size["width"] if page.viewport_size else 1280
        await page.screenshot(
            path=folder / f"{scene.name}-{size}.png",
            full_page=True,
            clip={"x": 0, "y": 0, "width": width, "height": height},
        )
        wrong = await look(page)
        await page.context.close()
        return wrong
    finally:
        if scene.undo is not None:
            await scene.undo(house)


async def run(folder: Path, only: str, sizes: list[str]) -> int:
    """Photograph; give how much is wrong."""
    lines, count = [], 0
    async with launched() as browser, House(browser) as house:
        for scene in scenes(only):
            for size in sizes:
                wrong = await shoot(house, scene, size, folder)
                count += len(wrong)
                print(f"{scene.name}-{size}: {len(wrong) or 'nothing'} wrong", flush=True)
                for one in wrong:
                    print(f"    {one}", flush=True)
                name = html.escape(f"{scene.name}-{size}")
                said = html.escape("; ".join(wrong) or "axe: nothing")
                lines.append(f'<h2>{name}</h2><p>{said}</p><img src="{name}.png" alt="{name}">')
    head = '<!doctype html><meta charset="utf-8"><title>Console</title>'
    await asyncio.to_thread((folder / "index.html").write_text, head + "\n".join(lines))
    return count


def main(arguments: list[str]) -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--size", choices=list(SIZES), action="append")
    given = parser.parse_args(arguments)
    given.to.mkdir(parents=True, exist_ok=True)
    try:
        wrong = asyncio.run(run(given.to, given.only, given.size or list(SIZES)))
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{wrong} wrong; pictures in {given.to}")
    return int(wrong > 0)
