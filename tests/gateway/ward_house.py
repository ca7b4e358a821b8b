"""A ward over HTTP: readings come in, and what is due is decided."""

from typing import Any

from tests.gateway.api_house import House
from tests.store.messages import up
from tests.store.vitals_house import Watch


async def measured(ward: House, device: str = "17", **vitals: Any) -> None:
    ward._number += 1
    one = up({"id": f"7-{ward._number}", "vitals": vitals}, device=device, at=ward.now)
    await ward.hear(one)


async def tick(ward: House) -> None:
    watch = Watch(ward.session, ward.context.desk)
    watch.now = ward.now
    await watch.tick()
