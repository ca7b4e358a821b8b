"""A worn fall detector: reports a fall with its impact and the stillness after it. Native MQTT.

A real one waits for the wearer to move or to press cancel before it reports; this one is told the
outcome of that wait: `report` sends the fall, and its cancel when the wearer took it back.
"""

from firmware_stubs.native import NativeDevice
from firmware_stubs.words import Receipt


async def report(
    device: NativeDevice,
    impact_g: float,
    still_s: float | None = None,
    *,
    is_cancelled: bool = False,
) -> tuple[Receipt, ...]:
    """Report a fall and, when the wearer cancelled it, the cancel that names it.

    Args:
        device: Speaks for the detector.
        impact_g: The highest acceleration, in multiples of g.
        still_s: How long the wearer has lain still; None when the detector cannot say.
        is_cancelled: Whether the wearer pressed cancel after the report.
    """
    fall = await device.fall(impact_g, still_s)
    if not is_cancelled:
        return (fall,)
    return fall, await device.cancel(fall.id)
