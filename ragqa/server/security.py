"""Who may ask: host and origin checks, the bearer token and the cookie of a session, and what browsers are told.

A page elsewhere can make a browser send requests here, by DNS rebinding under a name that it chose and with any header:
so where no secret is asked for only known names are answered, and an ``Origin`` must be the server's own or allowed.
"""

from __future__ import annotations

import hmac
import time
from http.cookies import CookieError, SimpleCookie

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragqa.server.limits import HEALTH
from ragqa.server.options import ServeOptions, is_loopback
from ragqa.server.problems import Problem, path_of, problem_of, response_of

COOKIE = "ragqa_session"
SESSION_SECONDS = 12 * 3600

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's own files and nothing else: no inline script or style, no other server."""

_TOLD = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_OPEN = (HEALTH,)
_OPEN_BELOW = ("/page/",)
"""What anyone may have: it holds nothing of a library."""


class Gate:
    """Lets through who may ask; tells browsers on every answer what they must not do with it."""

    def __init__(self, app: ASGIApp, options: ServeOptions) -> None:
        self._app = app
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), path_of(scope)
        if not path:  # the root path without its slash, below which the page's relative links would lead elsewhere
            await RedirectResponse(f"{scope['root_path']}/")(scope, receive, send)
            return
        origin = headers.get("origin")
        allowed = origin is not None and origin.lower() in self._options.origins

        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                out = MutableHeaders(scope=message)
                for name, value in _TOLD.items():
                    out.setdefault(name, value)
                if path.startswith(("/v1/", "/metrics", "/mcp")):
                    out.setdefault("Cache-Control", "no-store")
                if allowed and origin:
                    _tell_origin(out, origin)
            await send(message)

        try:
            self._check(headers, path, scope["method"], origin)
        except Problem as problem:
            await response_of(problem, path)(scope, receive, told)
            return
        if allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204)(scope, receive, told)
            return
        try:
            await self._app(scope, receive, told)
        except Exception as error:
            if isinstance(error, ClientDisconnect):
                return
            if begun:
                raise  # the connection is cut, so that nobody takes the half for the whole
            await response_of(problem_of(error), path)(scope, receive, told)

    def _check(self, headers: Headers, path: str, method: str, origin: str | None) -> None:
        """Raise Problem for a request that should not be answered."""
        host = headers.get("host", "")
        if not self._options.secret and not self._is_ours(host):
            raise Problem(
                403,
                "forbidden",
                f"this server is not called {host[:100] or 'nothing'}: ask it as {self._options.url()}, or start it "
                "with --allow-origin and the address of your proxy",
            )
        if origin is not None and not self._is_own_origin(origin, host):
            raise Problem(
                403, "forbidden", f"pages of {origin[:100]} may not use this server: --allow-origin would let them"
            )
        preflight = method == "OPTIONS" and "access-control-request-method" in headers
        if self._options.open_to_all or preflight or path == "/" or path in _OPEN or path.startswith(_OPEN_BELOW):
            return
        if not self._knows(headers):
            raise Problem(401, "unauthorised", self._wanted(), headers={"WWW-Authenticate": 'Bearer realm="ragqa"'})

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host)
        named = [origin.partition("://")[2] for origin in self._options.origins]
        return name in ("localhost", self._options.host) or is_loopback(name) or host.lower() in named

    def _is_own_origin(self, origin: str, host: str) -> bool:
        scheme, _, named = origin.lower().partition("://")
        return origin.lower() in self._options.origins or (scheme in ("http", "https") and named == host.lower())

    def _knows(self, headers: Headers) -> bool:
        if self._options.trusted_header and headers.get(self._options.trusted_header):
            return True
        if self._options.token is None:
            return False
        return has_bearer(headers, self._options.token) or _has_session(headers, self._options.token)

    def _wanted(self) -> str:
        if self._options.token is None:
            return f"the proxy before this server should set the header {self._options.trusted_header}"
        return "expected the header 'Authorization: Bearer TOKEN' with the server's token"


def has_bearer(headers: Headers, token: str) -> bool:
    """Say whether a request brings the token, in a time that tells nothing of it."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def begin_session(request: Request, response: Response, token: str) -> None:
    """Set the cookie that counts as the token from now on. It holds an hour to end at and no token."""
    ends = str(int(time.time()) + SESSION_SECONDS)
    response.set_cookie(
        COOKIE,
        f"{ends}.{_seal(ends, token)}",
        max_age=SESSION_SECONDS,
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def end_session(request: Request, response: Response) -> None:
    """Have the browser forget the cookie."""
    response.delete_cookie(COOKIE, path=request.scope.get("root_path") or "/", httponly=True, samesite="strict")


def _has_session(headers: Headers, token: str) -> bool:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    ends, _, seal = (cookie.value if cookie else "").partition(".")
    sound = hmac.compare_digest(seal.encode(), _seal(ends, token).encode())
    return sound and ends.isdecimal() and int(ends) > time.time()


def _seal(ends: str, token: str) -> str:
    return hmac.new(token.encode(), f"session {ends}".encode(), "sha256").hexdigest()


def _name_of(host: str) -> str:
    """Return the name in a Host header, without its port and the brackets of IPv6."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _tell_origin(out: MutableHeaders, origin: str) -> None:
    """Let pages of ``origin`` read the answer."""
    out["Access-Control-Allow-Origin"] = origin
    out["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    out["Access-Control-Allow-Headers"] = (
        "Authorization, Content-Type, Mcp-Session-Id, Mcp-Protocol-Version, Last-Event-ID"
    )
    out["Access-Control-Expose-Headers"] = "Retry-After, Mcp-Session-Id"
    out["Access-Control-Max-Age"] = "600"
    out["Cross-Origin-Resource-Policy"] = "cross-origin"
    out.add_vary_header("Origin")
