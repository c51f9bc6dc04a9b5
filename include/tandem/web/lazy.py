"""The pages' app as Airflow gets it. Every component loads plugins, only the API server serves."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp


class LazyApp:
    """An ASGI app that is built when it is first asked."""

    def __init__(self, build: "Callable[[], ASGIApp]") -> None:
        self._build = build
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve, as ASGI has it."""
        if self._app is None:
            self._app = self._build()
        await self._app(scope, receive, send)
