"""REST: the libraries, what is put into them and removed, and the jobs that do it; health, metrics, sessions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from ragqa.server.job import Job
from ragqa.server.libraries import find_stored
from ragqa.server.metrics import MEDIA_TYPE
from ragqa.server.problems import Problem
from ragqa.server.schemas import Health, JobInfo, JobList, LibraryList, problems
from ragqa.server.security import begin_session, end_session, has_bearer
from ragqa.server.served import ServedNow
from ragqa.server.streams import ALIVE, HEARTBEAT, event, event_stream
from ragqa.sources import stored_name

router = APIRouter()

_ERRORS = problems(401, 403, 404, 409, 413, 422, 429, 503)

REMOVAL_SECONDS = 5.0
"""A request to remove a document waits so long for it; then it tells of the job."""

_FOLDER_UP = re.compile(r"(^|/)\.{0,2}(/|$)")

_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@cache
def installed_version() -> str:
    """Return this project's version."""
    return version("ragqa")


@router.get("/v1/health", response_model=Health, tags=["server"])
async def health() -> Response:
    """Say that the server answers. Open to all."""
    return JSONResponse({"status": "ok", "version": installed_version()})


@router.post("/v1/session", status_code=204, response_class=Response, tags=["server"], responses=problems(401, 403))
async def open_session(served: ServedNow, request: Request) -> Response:
    """Set a cookie that counts as the token from now on: browsers can't send a token with an image or a link."""
    response, token = Response(status_code=204), served.options.token
    if token is not None:
        if not has_bearer(request.headers, token):  # a cookie alone does not renew itself
            raise Problem(401, "unauthorised", "expected the header 'Authorization: Bearer TOKEN'")
        begin_session(request, response, token)
    return response


@router.delete("/v1/session", status_code=204, response_class=Response, tags=["server"], responses=problems(401, 403))
async def close_session(request: Request) -> Response:
    """Have the browser forget its cookie."""
    response = Response(status_code=204)
    end_session(request, response)
    return response


@router.get("/metrics", response_class=Response, tags=["server"], responses=problems(401, 403))
async def metrics(served: ServedNow) -> Response:
    """Return counts and times of requests, for Prometheus."""
    gauges: dict[str, tuple[str, dict[str, float]]] = {
        "ragqa_active_requests": ("Requests under way.", {"": served.metrics.active}),
        "ragqa_questions_waiting": ("Questions under way, those that wait among them.", {"": served.workers.waiting}),
        "ragqa_uploads_receiving": ("Uploads that come in.", {"": served.jobs.receiving}),
        "ragqa_jobs": (
            "Changes of libraries.",
            {f'status="{status}"': count for status, count in served.jobs.counts().items()},
        ),
    }
    return Response(served.metrics.text(gauges), media_type=MEDIA_TYPE)


@router.get("/v1/libraries", response_model=LibraryList, tags=["libraries"], responses=problems(401, 403, 429))
async def list_libraries(served: ServedNow) -> Response:
    """List the libraries served, with what each holds."""
    return JSONResponse(
        {
            "default": served.libraries.default,
            "read_only": served.options.read_only,
            "answerer": served.libraries.settings.answerer,
            "max_upload_bytes": served.options.most_upload_bytes,
            "libraries": await served.workers.page(served.libraries.describe),
        }
    )


@router.post(
    "/v1/libraries/{library}/documents",
    status_code=202,
    response_model=JobInfo,
    tags=["documents"],
    responses=_ERRORS,
    openapi_extra=_BYTES,
)
async def upload(
    served: ServedNow,
    request: Request,
    library: str,
    name: Annotated[str, Query(min_length=1, max_length=300, description="The file's name: pump.pdf.")],
) -> Response:
    """Read a file into a library: the body is its bytes. Answers with the job that does it."""
    served.check_writable()
    document = _document_name(name)
    await served.check_library(library)
    async with served.jobs.receive() as file:
        with file.open("wb") as out:
            try:
                async for chunk in request.stream():
                    out.write(chunk)
            except ClientDisconnect:
                raise Problem(400, "invalid_request", "the upload was cut off: nothing of it was kept") from None
            empty = not out.tell()
        if empty:
            raise Problem(422, "invalid_request", f"'{document}' is empty: send the file's bytes as the body")
        job = served.jobs.ingest(library, document, file)
    return JSONResponse(job.json(), 202)


def _document_name(name: str) -> str:
    """Return what a library calls an upload. Raises Problem for a name that looks like a way through folders."""
    if "\\" in name or _FOLDER_UP.search(name) or not name.isprintable():
        raise Problem(422, "invalid_request", f"name should be a file's name, as in pump.pdf; got '{name[:100]}'")
    return stored_name(name)


@router.delete(
    "/v1/libraries/{library}/documents/{document}",
    response_model=JobInfo,
    tags=["documents"],
    responses=_ERRORS | {202: {"model": JobInfo, "description": "It waits for its turn."}},
)
async def remove(served: ServedNow, library: str, document: str) -> Response:
    """Remove a document: 200 once it is done, 202 while it waits behind an ingest."""
    served.check_writable()
    stored = await served.read(library, lambda held: find_stored(held, document))
    job = served.jobs.remove(library, stored.name)
    await served.jobs.wait(job, REMOVAL_SECONDS)
    return JSONResponse(job.json(), 200 if job.finished else 202)


@router.get("/v1/libraries/{library}/jobs", response_model=JobList, tags=["jobs"], responses=_ERRORS)
async def list_jobs(served: ServedNow, library: str) -> Response:
    """List the changes of a library, newest first."""
    await served.check_library(library)
    return JSONResponse({"jobs": [job.json() for job in served.jobs.of(library)]})


@router.get("/v1/libraries/{library}/jobs/{job}", response_model=JobInfo, tags=["jobs"], responses=_ERRORS)
async def show_job(served: ServedNow, library: str, job: str) -> Response:
    """Say how a change stands."""
    return JSONResponse(served.jobs.get(library, job).json())


@router.delete("/v1/libraries/{library}/jobs/{job}", response_model=JobInfo, tags=["jobs"], responses=_ERRORS)
async def cancel_job(served: ServedNow, library: str, job: str) -> Response:
    """Cancel a change. What it had stored before stays."""
    served.check_writable()
    found = served.jobs.get(library, job)
    served.jobs.cancel(found)
    return JSONResponse(found.json())


_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events 'job', each with the job as JSON."}
}


@router.get(
    "/v1/libraries/{library}/jobs/{job}/events", response_class=Response, tags=["jobs"], responses=_EVENTS | _ERRORS
)
async def follow_job(served: ServedNow, library: str, job: str) -> Response:
    """Follow a change: how it stands, at once and whenever that changes, until it is finished."""
    found: Job = served.jobs.get(library, job)

    async def events() -> AsyncIterator[str]:
        async for state in served.jobs.follow(found, HEARTBEAT):
            yield event("job", state) if state else ALIVE

    return event_stream(served.jobs.count_follower(events()))
