"""What a vital sign can be at all, by its native name (INTERFACES 2). Pure data.

What no living body or working meter gives is refused; what is merely grave is kept, zero included:
a monitor that reports a pulse of 0 must be heard. The limits are ours, wide on purpose; clinical
limits belong to alerts/. Sources to hold them against: none cited, not confirmed.
"""

from typing import Literal

from devices.fields import Types, from_to
from devices.model import VitalCode

VITALS = Types(
    {
        VitalCode.SPO2: from_to(0, 100),
        VitalCode.HEART_RATE: from_to(0, 350),
        VitalCode.RESPIRATORY_RATE: from_to(0, 150),
        VitalCode.SYSTOLIC: from_to(0, 400),
        VitalCode.DIASTOLIC: from_to(0, 300),
        VitalCode.TEMPERATURE: from_to(10, 50),
        VitalCode.WEIGHT: from_to(0.2, 700),
        VitalCode.GLUCOSE: from_to(0, 200),
        VitalCode.PEAK_FLOW: from_to(0, 1_500),
        VitalCode.CONSCIOUSNESS: Literal["A", "C", "V", "P", "U"],
        VitalCode.OXYGEN: bool,
    }
)
