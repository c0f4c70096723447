"""How Google's REST APIs answer: JSON, and their refusals in one shape."""

from typing import Any

import httpx

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class Refused(Exception):
    """What a caller is told instead of an answer; ``field`` is what of the body is to blame."""

    def __init__(self, code: int, message: str, *, status: str = "", field: str = "") -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.status, self.field = status or _STATUS[code], field

    @property
    def answer(self) -> httpx.Response:
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": self.status,
        }
        if self.field:
            violation = {"field": self.field, "description": self.message}
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [violation],
                }
            ]
        return httpx.Response(self.code, json={"error": error})


def not_stood_in(what: str) -> Refused:
    """Google may well do it; whoever needs it here has to teach the stand-in first."""
    return Refused(501, f"the stand-in does not know {what}")


def said(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def denied(permission: str, resource: str) -> Refused:
    """In these words, whether or not the resource is there."""
    return Refused(
        403,
        f"Permission '{permission}' denied on resource '{resource}' (or resource may not exist).",
    )
