"""Who may speak: OAuth2 client credentials with a signed JWT, as the NHS API platform asks for it.

The client signs a JWT (RS512, `kid` in its header; `iss` and `sub` its API key, `aud` the token
endpoint, `jti` once only, `exp` at most five minutes away) and gets a bearer token for it. The
public keys are registered beforehand. RFC 6749, RFC 7523; the five minutes and RS512 are NHS
England's rules for application-restricted access.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.practice_receiver.outcomes import Problem, Refusal

GRANT = "client_credentials"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHM = "RS512"
LONGEST = timedelta(minutes=5)
SKEW = timedelta(seconds=10)
MAX_TOKENS = 10_000
MAX_JTI = 10_000
MAX_FIELDS = 20
WANTED = ("exp", "iss", "sub", "aud", "jti")


class RefusedClient(Exception):  # noqa: N818 - named as RFC 6749 would say it
    """A client gets no token; `error` is the code of RFC 6749, 5.2."""

    def __init__(self, error: str, what: str) -> None:
        super().__init__(what)
        self.error = error

    @property
    def status(self) -> int:
        """401 for a client that is not who it says, 400 for a request that is wrong."""
        return 401 if self.error == "invalid_client" else 400


@dataclass(frozen=True, slots=True)
class Keys:
    """The registered public keys: `kid` -> key. `client` is the one API key that may use them."""

    by_kid: Mapping[str, RSAPublicKey]
    client: str | None = None


def read_keys(content: bytes, kid: str, client: str | None) -> Keys:
    """Read a JWKS, or one RSA public key in PEM that is known as `kid`.

    Raises:
        ValueError: it is neither, or holds a key that is no RSA public key.
    """
    try:
        if content.lstrip().startswith(b"{"):
            found = jwt.PyJWKSet.from_json(content.decode()).keys
            keys = {one.key_id: one.key for one in found if one.key_id}
        else:
            keys = {kid: load_pem_public_key(content)}
    except (jwt.PyJWTError, ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"no keys: expected a JWKS or a PEM public key ({error})") from error
    public = {name: key for name, key in keys.items() if isinstance(key, RSAPublicKey)}
    if not public or len(public) < len(keys):
        raise ValueError(
            f"{len(keys)} keys with a kid, {len(public)} of them RSA public keys; expected all"
        )
    return Keys(public, client)


class Access:
    """The tokens given and the assertions seen."""

    def __init__(self, keys: Keys | None, token_s: int) -> None:
        """Begin with nothing given; `token_s` is how long a token holds."""
        self.keys = keys
        self.token_s = token_s
        self._tokens: dict[str, datetime] = {}
        self._seen: dict[str, datetime] = {}

    def grant(self, form: bytes, audience: str, now: datetime, new_token: str) -> dict[str, object]:
        """Give a token for a signed assertion.

        Raises:
            RefusedClient: says what is wrong with the request.
        """
        claims = self._claims(_assertion(form), audience)
        self._check_times(claims, now)
        self._once(str(claims["jti"]), now)
        if len(self._tokens) >= MAX_TOKENS:
            self._tokens.pop(next(iter(self._tokens)))
        self._tokens[new_token] = now + timedelta(seconds=self.token_s)
        return {"access_token": new_token, "expires_in": self.token_s, "token_type": "Bearer"}

    def refusal(self, authorization: str, now: datetime) -> Problem | None:
        """Say why a request may not be answered; None when its token holds."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return Problem(
                Refusal.NO_TOKEN, "Authorization", "missing; expected Bearer and a token"
            )
        until = self._tokens.get(token)
        if until is None:
            return Problem(Refusal.UNKNOWN_TOKEN, "Authorization", "a token nobody was given here")
        if now >= until:
            return Problem(
                Refusal.OLD_TOKEN, "Authorization", "the token has expired; get a new one"
            )
        return None

    def expire(self) -> int:
        """Let every token be too old from now on; give how many."""
        for token in self._tokens:
            self._tokens[token] = datetime.min.replace(tzinfo=UTC)
        return len(self._tokens)

    def _claims(self, assertion: str, audience: str) -> dict[str, object]:
        if self.keys is None:
            raise RefusedClient("invalid_client", "no keys are registered: start with --keys")
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("alg") != ALGORITHM:
                raise RefusedClient("invalid_request", f"alg is not {ALGORITHM}")
            key = self.keys.by_kid.get(str(header.get("kid", "")))
            if key is None:
                raise RefusedClient("invalid_client", "no key is registered for this kid")
            claims: dict[str, object] = jwt.decode(
                assertion,
                key,
                algorithms=[ALGORITHM],
                audience=audience,
                # Times are checked against our own clock, by the caller.
                options={
                    "require": list(WANTED),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidSignatureError as error:
            raise RefusedClient("invalid_client", "signed with another key than kid's") from error
        except jwt.PyJWTError as error:
            raise RefusedClient("invalid_request", f"client_assertion: {error}") from error
        if claims["iss"] != claims["sub"]:
            raise RefusedClient("invalid_request", "iss and sub differ; both are the API key")
        if self.keys.client is not None and claims["iss"] != self.keys.client:
            raise RefusedClient("invalid_client", "iss is no API key that is known here")
        return claims

    def _check_times(self, claims: dict[str, object], now: datetime) -> None:
        expires = claims["exp"]
        if isinstance(expires, bool) or not isinstance(expires, int | float):
            raise RefusedClient("invalid_request", "exp is no number of seconds")
        left_s = expires - now.timestamp()
        if not left_s > 0:  # so that NaN is refused too
            raise RefusedClient("invalid_request", f"expired {-left_s:.0f} s ago")
        if left_s > (LONGEST + SKEW).total_seconds():
            raise RefusedClient(
                "invalid_request", f"exp is {left_s:.0f} s away, expected at most 300"
            )

    def _once(self, jti: str, now: datetime) -> None:
        """Refuse an assertion that was used before; forget those that have expired."""
        self._seen = {one: until for one, until in self._seen.items() if until > now}
        if jti in self._seen:
            raise RefusedClient("invalid_request", "jti was used before; make a new assertion")
        if len(self._seen) >= MAX_JTI:
            raise RefusedClient("invalid_request", f"{MAX_JTI} assertions in five minutes: wait")
        self._seen[jti] = now + LONGEST + SKEW


def _assertion(form: bytes) -> str:
    """Read the form of a token request."""
    try:
        fields = parse_qs(form.decode("ascii"), max_num_fields=MAX_FIELDS, strict_parsing=True)
    except ValueError as error:
        raise RefusedClient("invalid_request", "expected a form, urlencoded") from error
    single = {name: found[0] for name, found in fields.items() if len(found) == 1}
    if single.get("grant_type") != GRANT:
        raise RefusedClient("unsupported_grant_type", f"grant_type is not {GRANT}")
    if single.get("client_assertion_type") != ASSERTION:
        raise RefusedClient("invalid_request", f"client_assertion_type is not {ASSERTION}")
    if not single.get("client_assertion"):
        raise RefusedClient("invalid_request", "client_assertion is missing")
    return single["client_assertion"]
