"""What browsers are told, and what is not taken from them: requests that another site makes."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
TOLD: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "vary": "Accept, HX-Request",
}
"""Headers of every answer."""
LARGEST: Final = 8_000_000
"""Bytes of a body: more than any integration file."""


class BrowserRules:
    """Middleware: nothing is loaded from elsewhere, and nobody else's page changes anything.

    A request that may change something, and is let in by the cookie, has to come from a page of
    the same origin, by what the browser itself says (Fetch Metadata, `Sec-Fetch-Site`; browsers
    without it send `Origin`). One with a bearer token comes from a program, which no page can
    make send it.

    A body says how large it is, and is not too large: it is read before anybody is asked who he is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal:
            status, problem = refusal
            await JSONResponse({"problem": problem}, status_code=status)(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in TOLD.items():
                    headers.setdefault(name, value)
                if not scope["path"].rpartition("/tandem")[2].startswith("/static/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, telling)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Status and problem of a request that no page gets to see."""
    headers = Headers(scope=scope)
    if scope["method"] not in _SAFE and not _is_ours(headers):
        return 403, "This request came from another site, or does not say where from."
    if b"%00" in scope["query_string"] or "\x00" in scope["path"]:
        return 400, "The address holds a null character, which no text of ours has."
    size = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not size.isdecimal() or int(size) > LARGEST:
        return (
            413,
            f"The request is larger than {LARGEST:,} bytes, or does not say how large it is.",
        )
    return None


def _is_ours(headers: Headers) -> bool:
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host") != ""
