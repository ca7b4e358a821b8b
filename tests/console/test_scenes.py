"""Each state of the desk that is photographed: axe finds nothing, and nothing is cut off at 400 %.

The pictures in all sizes are ops/screenshots.py's; they have to be looked at.
"""

import pytest

from ops.console.desk_scenes import SCENES
from ops.console.house import House
from ops.console.pictures import look
from ops.console.scenes import SIZES, Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_a_state_of_the_desk_is_accessible_at_400_percent(house: House, scene: Scene) -> None:
    try:
        page = await scene.prepare(house, SIZES["zoom400"])
        assert await look(page) == []
        await page.context.close()
    finally:
        if scene.undo is not None:
            await scene.undo(house)
