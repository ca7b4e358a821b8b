"""Alive, ready, counted; the front page; what every answer carries."""

import re

import pytest

from gateway.api.app import create_app
from gateway.store.connect import Sessions
from gateway.store.migrate import MIGRATIONS
from tests.gateway.api_house import V1, House


async def test_a_ready_gateway_says_so(house: House) -> None:
    answer = await house.call(None, "GET", "/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "storage": "native"}


async def test_a_blind_gateway_is_alive_and_not_ready(house: House) -> None:
    house.blind[0] = True

    ready = await house.call(None, "GET", "/readyz")
    alive = await house.call(None, "GET", "/livez")

    assert ready.status_code == 503
    assert "receiver blind" in ready.json()["detail"]
    assert ready.headers["content-type"] == "application/problem+json"
    assert alive.json() == {"alive": True}


async def test_without_a_database_it_is_alive_and_not_ready(house: House) -> None:
    nowhere = Sessions(lambda: "postgresql://nobody@127.0.0.1:1/none", "test", 1)
    context = type(house.context)(
        **{
            name: getattr(house.context, name)
            for name in ("settings", "clock", "database", "desk", "storage", "listen")
        },
        sessions=nowhere,
    )
    house.app = create_app(context, blind=lambda: False)

    ready = await house.call(None, "GET", "/readyz")
    listed = await house.call(
        None, "GET", f"{V1}/alarms", headers={"Authorization": "Bearer whatever"}
    )

    assert ready.status_code == 503
    assert ready.json()["detail"] == "the database cannot be reached"
    assert (await house.call(None, "GET", "/livez")).status_code == 200
    assert listed.status_code == 503
    assert "nothing was acknowledged" in listed.json()["detail"]
    assert listed.headers["retry-after"]


async def test_a_database_without_its_migrations_is_not_ready(house: House) -> None:
    await house.sql("delete from migration")
    missing = await house.call(None, "GET", "/readyz")
    await house.sql("drop table migration")
    without = await house.call(None, "GET", "/readyz")

    undone = ", ".join(MIGRATIONS)
    assert missing.json()["detail"] == f"migrations are not done: {undone}"
    assert "migrations are not done" in without.json()["detail"]
    assert missing.status_code == without.status_code == 503


async def test_a_read_only_database_is_not_ready(house: House) -> None:
    name = (await house.sql("select current_database() as name"))[0].name
    await house.sql(f'alter database "{name}" set default_transaction_read_only = on')
    await house.context.sessions.close()

    answer = await house.call(None, "GET", "/readyz")

    assert answer.status_code == 503
    assert answer.json()["detail"] == "the database is read-only"


async def test_metrics_count_requests_by_route_and_hold_no_ids(house: House) -> None:
    alarm = await house.pressed()
    await house.get("operator", f"/alarms/{alarm['id']}")

    text = (await house.call(None, "GET", "/metrics")).text

    assert re.search(
        r'lifeline_http_requests_total\{method="GET",route="/api/v1/alarms/\{alarm_id\}"', text
    )
    assert alarm["id"] not in text
    assert "Fictional" not in text
    assert "operator-1" not in text


async def test_the_front_page_is_accessible_and_loads_nothing_from_elsewhere(house: House) -> None:
    page = await house.call(None, "GET", "/")
    style = await house.call(None, "GET", "/page.css")

    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="en-GB">' in page.text
    assert page.text.count("<h1>") == 1
    for landmark in ("<header>", '<main id="main">', "<nav ", "<footer>", "<title>"):
        assert landmark in page.text
    assert "<script" not in page.text
    assert "://" not in page.text
    assert {"/readyz", "/livez", "/api/v1/openapi.json"} <= set(
        re.findall(r'href="([^"]+)"', page.text)
    )
    for link in re.findall(r'href="(/[^"]*)"', page.text):
        assert (await house.call(None, "GET", link)).status_code == 200
    assert style.headers["content-type"].startswith("text/css")


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def test_the_front_page_has_contrast_in_light_and_dark(house: House) -> None:
    """Text at 7 : 1, lines at 3 : 1 (WCAG 2.2, 1.4.6 and 1.4.11)."""
    css = (await house.call(None, "GET", "/page.css")).text
    themes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", part)) for part in css.split("@media")]

    assert len(themes) == 2
    for theme in themes:
        paper = luminance(theme["paper"])
        for name, least in (("ink", 7), ("link", 7), ("line", 3)):
            ratio = sorted((luminance(theme[name]) + 0.05, paper + 0.05))
            assert ratio[1] / ratio[0] >= least, (theme, name)


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    for path, status in [
        ("/", 200),
        ("/livez", 200),
        ("/readyz", 200),
        (f"{V1}/alarms", 401),
        ("/nowhere", 404),
    ]:
        answer = await house.call(None, "GET", path)

        assert answer.status_code == status
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_nobody_elsewhere_may_read_it_from_a_browser(house: House) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    answer = await house.call("operator", "GET", f"{V1}/alarms", headers=asked)
    before = await house.call(None, "OPTIONS", f"{V1}/alarms", headers=asked)

    assert before.status_code == 405
    for one in (answer, before):
        assert not [name for name in one.headers if name.startswith("access-control-")]


async def test_an_error_nobody_expected_is_answered_without_its_words(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken() -> None:
        raise RuntimeError("Fictional WC, LE1 1AA")

    house.app = create_app(house.context, blind=lambda: False, table={("GET", "/broken"): None})
    house.app.add_api_route("/broken", broken)

    answer = await house.call(None, "GET", "/broken")

    assert answer.status_code == 500
    assert answer.json()["what_next"]
    assert "Fictional" not in answer.text
    captured = capsys.readouterr()
    assert "Fictional" not in captured.out + captured.err
    assert "RuntimeError" in captured.out + captured.err


async def test_what_is_not_http_is_not_served(house: House) -> None:
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "headers": [], "subprotocols": []}
    await house.app(scope, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]
