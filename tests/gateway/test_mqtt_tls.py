"""TLS: version 1.2 at least, a certificate may stand for the password."""

import asyncio
import hashlib
import ssl
from pathlib import Path

import pytest
import trustme
import uvloop

from gateway.listeners.tls import server_context
from tests.devices import mqtt_wire as wire
from tests.gateway.mqtt_house import SECRET, Device, House, body, open_house, press


class Certificates:
    """An authority, our own certificate, and one for device 17."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.device = self.authority.issue_cert("dev-17.example", common_name="17")
        server = self.authority.issue_cert("localhost", "127.0.0.1")
        self.authority.cert_pem.write_to_path(folder / "authority.pem")
        server.private_key_pem.write_to_path(folder / "server.key")
        for part in server.cert_chain_pems:
            part.write_to_path(folder / "server.pem", append=True)
        self.server = server_context(
            folder / "server.pem", folder / "server.key", folder / "authority.pem"
        )
        der = ssl.PEM_cert_to_DER_cert(self.device.cert_chain_pems[0].bytes().decode())
        self.fingerprint = hashlib.sha256(der).hexdigest()

    def client(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return context


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


async def knock(house: House, context: ssl.SSLContext, octets: bytes) -> tuple[Device, bytes]:
    streams = await asyncio.open_connection(
        "127.0.0.1", house.port, ssl=context, server_hostname="localhost"
    )
    device = Device(*streams)
    device.send(octets)
    return device, await device.read()


async def test_a_device_hands_over_its_press_under_tls(certificates: Certificates) -> None:
    async with open_house(tls=certificates.server) as house:
        asked = wire.connect(username="17", password=SECRET)
        device, answer = await knock(house, certificates.client(), asked)
        assert answer == b"\x20\x02\x00\x00"
        device.send(press(1))
        assert await device.read() == wire.puback(1)
        assert house.ledger.packets[0].authenticated


@pytest.mark.parametrize("username", ["17", None])
async def test_an_enrolled_certificate_proves_the_name_without_a_password(
    certificates: Certificates, username: str | None
) -> None:
    async with open_house(tls=certificates.server) as house:
        house.roll.certificates["17"] = certificates.fingerprint
        asked = wire.connect(client_id="anything", username=username)
        device, _ = await knock(house, certificates.client(certificates.device), asked)
        device.send(press(1))
        (packet,) = await house.ledger.heard(1)
        assert (packet.sender, packet.authenticated) == ("17", True)


async def test_a_certificate_that_is_not_enrolled_proves_nothing(
    certificates: Certificates,
) -> None:
    async with open_house(tls=certificates.server) as house:
        house.roll.certificates["17"] = certificates.fingerprint
        other = certificates.authority.issue_cert("dev-18.example", common_name="17")
        device, _ = await knock(house, certificates.client(other), wire.connect())
        device.send(press(1))
        (packet,) = await house.ledger.heard(1)
        assert (packet.sender, packet.authenticated) == ("17", False)


async def test_a_certificate_without_a_common_name_names_nobody(
    certificates: Certificates,
) -> None:
    async with open_house(tls=certificates.server) as house:
        unnamed = certificates.authority.issue_cert("dev-18.example")
        await knock(house, certificates.client(unnamed), wire.connect(client_id="c-1"))
        assert house.roll.asked == ["c-1"]


async def test_a_certificate_of_another_authority_is_turned_away(
    certificates: Certificates,
) -> None:
    async with open_house(tls=certificates.server) as house:
        foreign = trustme.CA().issue_cert("dev-17.example", common_name="17")
        context = certificates.client(foreign)
        try:
            _, answer = await knock(house, context, wire.connect())
        except (ssl.SSLError, ConnectionError):
            answer = b""
        assert answer == b""
        assert house.roll.asked == []


async def test_tls_1_1_is_too_old(certificates: Certificates) -> None:
    context = certificates.client()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with open_house(tls=certificates.server) as house:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await knock(house, context, wire.connect())
    lax = certificates.server
    lax.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        lax.minimum_version = ssl.TLSVersion.TLSv1_1
    async with open_house(tls=lax) as house:  # the same client: only our minimum kept it out
        assert (await knock(house, context, wire.connect()))[1] == b"\x20\x02\x00\x00"


async def test_without_an_authority_for_devices_none_is_asked_for_a_certificate(
    certificates: Certificates, tmp_path: Path
) -> None:
    plain = server_context(tmp_path / "server.pem", tmp_path / "server.key")
    async with open_house(tls=plain) as house:
        house.roll.certificates["17"] = certificates.fingerprint
        context = certificates.client(certificates.device)
        device, _ = await knock(house, context, wire.connect(client_id="17"))
        device.send(press(1))
        assert not (await house.ledger.heard(1))[0].authenticated


async def test_stopping_under_tls_ends_every_line(certificates: Certificates) -> None:
    async with open_house(tls=certificates.server) as house:
        device, _ = await knock(house, certificates.client(), wire.connect(wire.V5))
        stopping = asyncio.create_task(house.endpoint.stop())
        assert (await device.read())[:3:2] == b"\xe0\x8b"
        await device.close()
        await stopping
        assert house.sessions() == []


def test_certificates_are_read_on_uvloop_too(certificates: Certificates) -> None:
    async def story() -> None:
        async with open_house(tls=certificates.server) as house:
            house.roll.certificates["17"] = certificates.fingerprint
            device, _ = await knock(house, certificates.client(certificates.device), wire.connect())
            device.send(press(1))
            (packet,) = await house.ledger.heard(1)
            assert (packet.sender, packet.authenticated, packet.body) == ("17", True, body(1))

    uvloop.run(story())
