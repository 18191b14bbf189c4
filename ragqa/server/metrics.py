"""What Prometheus reads: how many requests, how long they took, what is under way. Text in its exposition format 0.0.4.

Counted on the event loop alone, so without a lock. Knows no libraries.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the seconds that requests take, less the last, which is none."""

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts of requests by route, method and status, and how long those of each route took."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self.active = 0

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests[route, method, status] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]
        for bound in BUCKETS:
            if seconds <= bound:
                self._buckets[route, bound] += 1

    def text(self, gauges: Mapping[str, tuple[str, Mapping[str, float]]]) -> str:
        """Return all of it; ``gauges`` are further ones: name, what it is, and a value for each set of labels."""
        lines = ["# HELP ragqa_requests_total Requests answered.", "# TYPE ragqa_requests_total counter"]
        totals: Counter[str] = Counter()
        for (route, method, status), count in sorted(self._requests.items()):
            lines.append(f'ragqa_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}')
            totals[route] += count
        name = "ragqa_request_seconds"
        lines += [f"# HELP {name} How long requests took, to their last byte.", f"# TYPE {name} histogram"]
        for route, total in sorted(totals.items()):
            lines += [f'{name}_bucket{{route="{route}",le="{b:g}"}} {self._buckets[route, b]}' for b in BUCKETS]
            lines += [
                f'{name}_bucket{{route="{route}",le="+Inf"}} {total}',
                f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}',
                f'{name}_count{{route="{route}"}} {total}',
            ]
        for name, (what, values) in gauges.items():
            lines += [f"# HELP {name} {what}", f"# TYPE {name} gauge"]
            lines += [
                f"{name}{{{labels}}} {value:g}" if labels else f"{name} {value:g}" for labels, value in values.items()
            ]
        return "\n".join(lines) + "\n"


class Measured:
    """Counts every request, those that are refused too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 499, time.perf_counter()  # as proxies call it: nobody waited for the answer

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.active += 1
        try:
            await self._app(scope, receive, counted)
        finally:
            self._metrics.active -= 1
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.observe(_route_of(scope), method, status, time.perf_counter() - started)


_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")


def _route_of(scope: Scope) -> str:
    """Return the pattern of the path, which has no name of a library or document in it."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path else "other"
