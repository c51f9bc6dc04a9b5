"""The pages' app as Airflow gets it. Every component loads plugins, only the API server serves."""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp


class LazyApp:
    """An ASGI app that is built when it is first asked.

    In a thread: it takes seconds to import, and Airflow's own pages are not to wait for that.
    """

    def __init__(self, build: "Callable[[], ASGIApp]") -> None:
        self._build = build
        self._app: ASGIApp | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve, as ASGI has it."""
        async with self._building:
            if self._app is None:
                self._app = await asyncio.to_thread(self._build)
        await self._app(scope, receive, send)
