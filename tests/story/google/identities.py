"""Who is who at the stand-in Google: service accounts, and the tokens that prove them."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.story.google.answers import Refused

_EXPECTED = "Expected OAuth 2 access token, login cookie or other valid authentication credential."


@dataclass(frozen=True)
class Token:
    value: str
    email: str
    until: float


@dataclass
class Identities:
    """``lifetime`` is how many seconds a token holds; Google's hold an hour."""

    emails: set[str] = field(default_factory=set)
    lifetime: float = 3600
    tokens: dict[str, Token] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, email: str) -> Token:
        if email not in self.emails:
            raise Refused(404, f"Service account {email} does not exist.")
        value = f"ya29.{secrets.token_urlsafe(24)}"
        made = Token(value, email, time.monotonic() + self.lifetime)
        with self._lock:
            self.tokens[value] = made
        return made

    def holds(self, value: str) -> Token | None:
        token = self.tokens.get(value)
        if token is None or token.email not in self.emails or token.until < time.monotonic():
            return None
        return token

    def member(self, headers: Mapping[str, str]) -> str:
        """Whose token it is. A deleted account's tokens are nobody's."""
        named = {name.lower(): value for name, value in headers.items()}
        kind, _, value = named.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Refused(
                401, f"Request is missing required authentication credential. {_EXPECTED}"
            )
        token = self.holds(value)
        if token is None:
            raise Refused(401, f"Request had invalid authentication credentials. {_EXPECTED}")
        return f"serviceAccount:{token.email}"

    def revoke(self) -> None:
        """No token that was given out holds any longer."""
        with self._lock:
            self.tokens.clear()
