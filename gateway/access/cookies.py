"""The cookie of a signed-in browser, and that a request really comes from our own pages.

Theory of operation: behind a proxy we cannot see whether the browser used TLS, but the browser
says so itself: every POST bears its Origin. Signed in over https, the cookie has the name that
browsers give only to a host itself, over TLS (`__Host-`), and is believed under that name only.
"""

import hmac
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

SECURE_NAME = "__Host-lifeline"
PLAIN_NAME = "lifeline"
CSRF_HEADER = b"x-csrf-token"
CSRF_FIELD = "csrf_token"
MAX_COOKIE_CHARACTERS = 100
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = b"application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 200

Headers = Iterable[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> str:
    """Give a header; "" when it is absent or stands there twice."""
    given = [value for known, value in headers if known == name]
    return str(given[0], "latin-1") if len(given) == 1 else ""


def cookie_of(headers: Headers) -> tuple[str, bool]:
    """Give the cookie of a sign-in, and whether it came under the name that only TLS can set."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name != b"cookie":
            continue
        for part in str(value, "latin-1").split(";"):
            key, _, text = part.strip().partition("=")
            if key in (SECURE_NAME, PLAIN_NAME) and len(text) <= MAX_COOKIE_CHARACTERS:
                found.setdefault(key, text)
    if SECURE_NAME in found:
        return found[SECURE_NAME], True
    return found.get(PLAIN_NAME, ""), False


def set_cookie(value: str, *, secure: bool) -> str:
    """Give the header that sets the cookie; it ends with the browser, and with the sign-in."""
    name = SECURE_NAME if secure else PLAIN_NAME
    more = "; Secure" if secure else ""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{more}"


def drop_cookies() -> tuple[str, ...]:
    """Give the headers that take both cookies away."""
    return tuple(f"{set_cookie('', secure=one)}; Max-Age=0" for one in (True, False))


def came_by_tls(headers: Headers, scheme: str) -> bool:
    """Say whether the browser used TLS, by its own word or by ours."""
    return scheme == "https" or header(headers, b"origin").startswith("https://")


def from_elsewhere(headers: Headers) -> str | None:
    """Say why a request is not of our own pages; None when nothing speaks against it."""
    site = header(headers, b"sec-fetch-site")
    if site not in ("", "same-origin", "none"):
        return f"the browser says that it comes from elsewhere ({site[:20]})"
    origin = header(headers, b"origin")
    if origin == "null" and site == "same-origin":
        return None  # what a browser sends instead when the page tells nobody its address
    if origin and urlsplit(origin).netloc.lower() != header(headers, b"host").lower():
        return "its Origin is another host than the one it was sent to"
    return None


def is_form(headers: Headers) -> bool:
    """Say whether the body is a plain HTML form."""
    return header(headers, b"content-type").lower().startswith(FORM.decode())


def fields(body: bytes) -> dict[str, str]:
    """Read a form's fields, the first of each name.

    Raises:
        ValueError: more fields than any form of ours has, or no text.
    """
    found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    return {name: values[0] for name, values in found.items()}


def is_token(given: str, expected: str) -> bool:
    """Compare a token against forged requests, in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def own_path(wanted: str, *, otherwise: str) -> str:
    """Give a path of this host to go on to; never another host, however it is written."""
    parts = urlsplit(wanted)
    plain = (
        wanted.startswith("/")
        and not wanted.startswith(("//", "/\\"))
        and not parts.scheme
        and not parts.netloc
        and wanted.isprintable()
        and "\\" not in wanted
    )
    return wanted if plain else otherwise
