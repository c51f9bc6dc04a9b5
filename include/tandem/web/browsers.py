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


class BrowserRules:
    """Middleware: nothing is loaded from elsewhere, and nobody else's page changes anything.

    A request that may change something, and is let in by the cookie, has to come from a page of
    the same origin, by what the browser itself says (Fetch Metadata, `Sec-Fetch-Site`; browsers
    without it send `Origin`). One with a bearer token comes from a program, which no page can
    make send it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] not in _SAFE and not _is_ours(Headers(scope=scope)):
            detail = "This request came from another site, or does not say where from."
            await JSONResponse({"problem": detail}, status_code=403)(scope, receive, send)
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


def _is_ours(headers: Headers) -> bool:
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host") != ""
