"""Put the server together: the routes of every interface, what guards them, and what starts and ends with them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from pydantic.json_schema import models_json_schema
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ragqa.server import asking, documents, keeping, openai_interface, problems
from ragqa.server.jobs import Jobs
from ragqa.server.libraries import Libraries
from ragqa.server.limits import Limits, Workers
from ragqa.server.mcp_http import PATH, McpEndpoint
from ragqa.server.metrics import Measured, Metrics
from ragqa.server.options import ServeOptions
from ragqa.server.problems import Problem
from ragqa.server.schemas import ProblemBody
from ragqa.server.security import Gate
from ragqa.server.served import Served

PAGE = Path(__file__).with_name("page")

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
"""Of the page's files: the machine's own table of types may say anything."""


def make_app(libraries: Libraries, options: ServeOptions) -> FastAPI:
    """Return the application that serves ``libraries``; they are closed when it ends."""
    metrics, mcp = Metrics(), McpEndpoint()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        workers = Workers(options)

        async def renew(library: str) -> None:
            await workers.page(lambda: libraries.renew(library))

        served = Served(options, libraries, Jobs(libraries.settings, options, renew), workers, metrics)
        app.state.served = served
        served.jobs.start()
        async with mcp.serve(served):
            yield
        await served.jobs.stop()
        await asyncio.to_thread(served.workers.stop)
        libraries.close()

    app = FastAPI(
        title="ragqa",
        summary="Ask a manual a question; get the answer and the page that proves it.",
        version=keeping.installed_version(),
        openapi_url="/v1/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    problems.install(app)
    for router in (keeping.router, documents.router, asking.router, openai_interface.router):
        app.include_router(router)
    _add_page(app)
    _describe(app)
    app.router.routes.append(Route(PATH, mcp, include_in_schema=False))
    # The last added is the outermost.
    app.add_middleware(Limits, options=options)
    app.add_middleware(Gate, options=options)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(BelowPath, root_path=options.root_path)
    return app


class BelowPath:
    """Tells all within it the path below which the server stands, whether a proxy leaves that in requests or not.

    The ASGI server can't: uvicorn puts its own root path before every path.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._root_path:
            scope["root_path"] = self._root_path
        await self._app(scope, receive, send)


def _describe(app: FastAPI) -> None:
    """Have OpenAPI say what errors look like and how a token is brought."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        described = describe()
        components = described.setdefault("components", {})
        _, shared = models_json_schema([(ProblemBody, "serialization")], ref_template="#/components/schemas/{model}")
        components["schemas"] = {**components.get("schemas", {}), **shared["$defs"]}
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        return described

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def _add_page(app: FastAPI) -> None:
    """Serve the browser page: ``index.html`` at the root, what it names below ``page/``."""

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return _file("index.html")

    @app.get("/page/{name}", include_in_schema=False)
    async def part(name: str) -> Response:
        return _file(name)


def _file(name: str) -> Response:
    """Return a file of the page. Raises Problem where it has none of that name, whatever the name is."""
    file = next((file for file in PAGE.iterdir() if file.name == name), PAGE)
    if file.suffix not in _TYPES:
        raise Problem(404, "not_found", f"the page has no file '{name[:100]}'")
    return FileResponse(file, media_type=_TYPES[file.suffix], headers={"Cache-Control": "no-cache"})
