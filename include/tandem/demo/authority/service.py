"""The authority over HTTP, at the paths of Microsoft Entra ID's v2.0 endpoints.

Sources: Microsoft Learn, "OpenID Connect on the Microsoft identity platform" (metadata),
"OAuth 2.0 client credentials flow", "OAuth 2.0 device authorization grant flow", "Refresh tokens".
"""

from collections.abc import Callable
from html import escape
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Form
from tandem.demo.authority.refusals import Refusal

HOST: Final = "login.microsoftonline.com"


def create_app(authority: Authority) -> Starlette:
    """The authority as an ASGI application; its metadata names whatever host it is asked at."""

    def metadata(request: Request) -> Response:
        tenant = request.path_params["tenant"]
        return _answered(lambda: _metadata(authority, str(request.base_url), tenant))

    async def devicecode(request: Request) -> Response:
        form = await _form(request)
        return _answered(lambda: authority.begin(request.path_params["tenant"], form))

    async def token(request: Request) -> Response:
        form = await _form(request)
        return _answered(lambda: authority.token(request.path_params["tenant"], form))

    async def devicelogin(request: Request) -> Response:
        form = await _form(request)
        if request.method == "GET":
            return HTMLResponse(_page(""))
        decide = authority.decline if form.get("decision") == "decline" else authority.complete
        known = decide(form.get("user_code", ""))
        said = "You can close this window." if known else "That code is not known, or has expired."
        return HTMLResponse(_page(said), 200 if known else 400)

    return Starlette(
        routes=[
            Route("/health", lambda _: JSONResponse({"status": "healthy"})),
            Route("/devicelogin", devicelogin, methods=["GET", "POST"]),
            Route("/common/discovery/instance", _discovery),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", metadata),
            Route("/{tenant}/oauth2/v2.0/devicecode", devicecode, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
        ]
    )


def _answered(answer: Callable[[], dict[str, Any]]) -> Response:
    try:
        return JSONResponse(answer())
    except Refusal as refusal:
        return JSONResponse(refusal.body, refusal.status, dict(refusal.headers))


def _metadata(authority: Authority, base: str, tenant: str) -> dict[str, Any]:
    authority.check_tenant(tenant)
    at = f"{base}{tenant}"
    return {
        "issuer": f"{at}/v2.0",
        "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
        "token_endpoint": f"{at}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "jwks_uri": f"{at}/discovery/v2.0/keys",
    }


def _discovery(request: Request) -> Response:
    """Hosts that mean the same authority; here it is but one."""
    host = request.url.netloc
    aliases = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
    endpoint = f"{request.base_url}common/v2.0/.well-known/openid-configuration"
    return JSONResponse({"tenant_discovery_endpoint": endpoint, "metadata": aliases})


async def _form(request: Request) -> Form:
    fields = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _page(said: str) -> str:
    return f"""<!doctype html><html lang="en"><title>Enter code</title><body>
<h1>Enter code</h1><p>{escape(said)}</p><form method="post">
<label>Code <input name="user_code" autofocus></label>
<button name="decision" value="allow">Sign in</button>
<button name="decision" value="decline">Decline</button></form></body></html>"""
