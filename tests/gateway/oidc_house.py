"""A little identity provider on loopback, with TLS of a throw-away authority: real code, real keys.

It does what OpenID Connect Core 1.0 (code flow) and RFC 7636 ask of a provider, and its knobs make
it do wrong what a client must notice.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import trustme
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from gateway.access.oidc_flow import base64
from gateway.web import Server

CLIENT, SECRET = "lifeline", "a shared secret of the tests"
BACK = "https://desk/sign-in/provider/back"


@dataclass
class Provider:
    """Who is at its keyboard, and what it does wrong."""

    issuer: str = ""
    person: str = "sub-anna"
    claims: dict[str, Any] = field(default_factory=dict)
    says_no: bool = False
    wrong_key: bool = False
    algorithm: str = "RS256"
    is_down: bool = False
    now_s: float = field(default_factory=time.time)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    )
    kid: str = "first"
    asked: list[str] = field(default_factory=list)

    def change_keys(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.kid = "second"

    def authorize(self, given: dict[str, str]) -> str:
        """Take a person at the keyboard for granted; give where their browser goes."""
        assert given["response_type"] == "code"
        assert (given["client_id"], given["redirect_uri"]) == (CLIENT, BACK)
        assert given["code_challenge_method"] == "S256"
        assert "openid" in given["scope"].split()
        if self.says_no:
            return f"{BACK}?{urlencode({'error': 'access_denied', 'state': given['state']})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = given
        return f"{BACK}?{urlencode({'code': code, 'state': given['state']})}"

    def token(self, given: dict[str, str]) -> dict[str, Any] | None:
        """Exchange a code once; None when PKCE, client or code do not fit."""
        asked = self._codes.pop(given.get("code", ""), None)
        if asked is None or given.get("client_secret") != SECRET:
            return None
        verifier = given.get("code_verifier", "")
        if base64(hashlib.sha256(verifier.encode()).digest()) != asked["code_challenge"]:
            return None
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.person, "nonce": asked["nonce"],
            "iat": int(self.now_s), "exp": int(self.now_s) + 300, "auth_time": int(self.now_s),
            **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key: Any = self._key
        if self.wrong_key:
            key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        if self.algorithm == "none":
            key = None
        elif self.algorithm == "HS256":
            key = "the public key as a shared secret, as the old attack has it"
        made = jwt.encode(claims, key, algorithm=self.algorithm, headers={"kid": self.kid})
        return {"access_token": "x", "token_type": "Bearer", "id_token": made}

    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": "RS256"}]}


def _app(provider: Provider) -> FastAPI:
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    async def about() -> Response:
        provider.asked.append("discovery")
        if provider.is_down:
            return Response(status_code=503)
        at = provider.issuer
        return JSONResponse(
            {
                "issuer": at,
                "authorization_endpoint": f"{at}/authorize",
                "token_endpoint": f"{at}/token",
                "jwks_uri": f"{at}/jwks",
            }
        )

    @app.get("/jwks")
    async def jwks() -> Response:
        return JSONResponse(provider.jwks())

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        return RedirectResponse(provider.authorize(dict(request.query_params)), 303)

    @app.post("/token")
    async def token(request: Request) -> Response:
        given = {
            name: value[0] for name, value in parse_qs((await request.body()).decode()).items()
        }
        made = provider.token(given)
        return JSONResponse(made) if made else JSONResponse({"error": "invalid_grant"}, 400)

    return app


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Provider, Path]]:
    """Serve a provider on a free port; give it, and the file of its authority."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    roots, chain = folder / "ca.pem", folder / "provider.pem"
    authority.cert_pem.write_to_path(str(roots))
    certificate.private_key_and_cert_chain_pem.write_to_path(str(chain))
    provider = Provider()
    config = uvicorn.Config(
        _app(provider), host="127.0.0.1", port=0, log_config=None, lifespan="off",
        ssl_certfile=str(chain),
    )  # fmt: skip
    server = Server(config)
    await server.begin()
    provider.issuer = f"https://127.0.0.1:{server.port}"
    loop = asyncio.create_task(server.main_loop())
    try:
        yield provider, roots
    finally:
        await server.end()
        await loop
