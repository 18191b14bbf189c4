"""The server over real libraries: what it answers, what it refuses and how, and that a lost client leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from ragqa.answer_log import judgements
from ragqa.engine import Library
from ragqa.server import schemas
from ragqa.settings import load_settings
from tests.conftest import copy_library
from tests.server_making import (
    ASK,
    DOCUMENTS,
    HERE,
    PICTURE,
    QUESTION,
    WIPE,
    document_id,
    events_of,
    fan_pdf,
    kettle_pdf,
    served,
)
from tests.test_pages import pixels_of

TOKEN = "x8Kq2LmN0pRsTuVw3YzAbCdEfGh5JkM7"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def shared_home(served_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shared")
    copy_library(served_home, home)
    return home


@pytest.fixture(scope="module")
def client(shared_home: Path) -> Iterator[TestClient]:
    """A server that every test of this file may ask and none changes."""
    with served(shared_home) as client:
        yield client


@pytest.fixture(scope="module")
def kettle(served_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server over the same documents and one with figures."""
    home = tmp_path_factory.mktemp("kettle")
    copy_library(served_home, home)
    with Library.open(home=home) as library:
        library.ingest_bytes(kettle_pdf(), "kettle.pdf")
    with served(home) as client:
        yield client


@pytest.fixture
def ours(client: TestClient) -> TestClient:
    """The same, without what another test left in it."""
    client.cookies.clear()
    return client


def problem(response: Any) -> tuple[int, str]:
    """The status and the code of a problem, which has the one shape."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code and body["title"] and "\n" not in body["detail"]
    schemas.ProblemBody(**body)
    return response.status_code, body["code"]


def conforms(model: type[BaseModel], body: Any) -> Any:
    """The body, which has the fields that OpenAPI describes and no others."""
    assert set(body) == set(model.model_fields)
    model(**body)
    return body


# What it answers


def test_libraries_and_documents_are_listed_without_a_path(client: TestClient, shared_home: Path) -> None:
    assert client.get("/v1/health").json()["status"] == "ok"
    libraries = client.get("/v1/libraries")
    (only,) = conforms(schemas.LibraryList, libraries.json())["libraries"]
    assert only["name"] == libraries.json()["default"] == "default" and only["documents"] == 3
    documents = client.get(DOCUMENTS)
    rows = conforms(schemas.DocumentList, documents.json())["documents"]
    assert [row["name"] for row in rows] == ["fan.pdf", "lamp.md", "pump.md"]
    assert str(shared_home) not in libraries.text + documents.text


def test_an_answer_has_every_field_of_the_command_line_and_ids(client: TestClient, shared_home: Path) -> None:
    from ragqa.json_forms import answer_json

    told = conforms(schemas.AnswerResult, client.post(ASK, json={"question": QUESTION}).json())
    with Library.open(home=shared_home) as library:
        same = json.loads(json.dumps(answer_json(library.ask(QUESTION))))
    assert set(told) - set(same) == {"answer_id"}
    assert (told["answer"], told["confidence"]) == (same["answer"], same["confidence"])
    assert "every 14 days" in told["answer"] and not told["abstained"]
    (citation,) = told["citations"]
    assert citation["page"] == 1 and citation["document_id"] == document_id(client, "fan.pdf")


def test_an_answer_streams_as_events_and_ends_with_the_whole(client: TestClient) -> None:
    response = client.post(ASK, json={"question": QUESTION}, headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    *pieces, last = events_of(response.text)
    assert {kind for kind, _ in pieces} == {"text"} and last[0] == "answer"
    assert "".join(data["text"] for _, data in pieces) == conforms(schemas.AnswerResult, last[1])["answer"]


def test_a_follow_up_and_a_document_are_taken(client: TestClient) -> None:
    turn = {"question": "How do I clean the pump filter?", "answer": "With warm water [1]."}
    asked = {"question": "And how often?", "history": [turn], "document": "pump.md"}
    assert "30 days" in client.post(ASK, json=asked).json()["answer"]


def test_a_search_finds_passages(client: TestClient) -> None:
    found = client.get(
        "/v1/libraries/default/search", params={"question": "motor blocked F3", "k": 2, "mode": "lexical"}
    )
    best, *_ = conforms(schemas.SearchResult, found.json())["passages"]
    assert (best["document"], best["page"], best["document_id"]) == ("fan.pdf", 2, document_id(client, "fan.pdf"))
    page = client.get(f"{DOCUMENTS}/{best['document_id']}/pages/2").json()
    assert page["text"][best["start"] - page["start"] : best["end"] - page["start"]] == best["text"]


def test_a_document_shows_its_outline_units_pages_and_file(client: TestClient) -> None:
    fan = f"{DOCUMENTS}/{document_id(client, 'fan.pdf')}"
    shown = conforms(schemas.DocumentDetail, client.get(fan).json())
    assert shown["pages"] == 2 and shown["has_original"]
    assert any(
        "14 days" in unit["text"] for unit in conforms(schemas.UnitList, client.get(f"{fan}/units").json())["units"]
    )
    page = conforms(schemas.PageDetail, client.get(f"{fan}/pages/2").json())
    assert "F3" in page["text"] and (page["width"], page["height"]) == (595, 842)
    original = client.get(f"{fan}/original")
    assert original.content == fan_pdf() and original.headers["content-disposition"].startswith("inline")
    assert problem(client.get(f"{DOCUMENTS}/{document_id(client, 'pump.md')}/original")) == (404, "no_original")


def test_a_quote_is_lit_where_it_stands(client: TestClient) -> None:
    fan = f"{DOCUMENTS}/{document_id(client, 'fan.pdf')}"
    page = client.get(f"{fan}/pages/1").json()
    start = page["start"] + page["text"].index(WIPE)
    span = {"start": start, "end": start + len(WIPE)}
    (box,) = conforms(schemas.BoxList, client.get(f"{fan}/pages/1/boxes", params=span).json())["boxes"]
    assert 55 < box["left"] < 65 and 842 - 715 - 12 < box["top"] < box["bottom"] < 842 - 715 + 6
    plain, lit = client.get(f"{fan}/pages/1.png"), client.get(f"{fan}/pages/1.png", params=span)
    assert plain.content.startswith(PNG) and lit.content.startswith(PNG) and plain.content != lit.content
    assert client.get(f"{fan}/pages/2/boxes", params=span).json()["boxes"] == []
    again = client.get(f"{fan}/pages/1.png", params=span, headers={"If-None-Match": lit.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_figures_of_a_stretch_are_named_and_drawn_alone(kettle: TestClient) -> None:
    path = f"{DOCUMENTS}/{document_id(kettle, 'kettle.pdf')}"
    page = kettle.get(f"{path}/pages/1").json()
    start = page["start"] + page["text"].index("2. Let it boil")
    span = {"start": start, "end": start + 20}
    (figure,) = conforms(schemas.FigureList, kettle.get(f"{path}/figures", params=span).json())["figures"]
    edges = [conforms(schemas.FigureInfo, figure)[side] for side in ("left", "top", "right", "bottom")]
    assert figure["page"] == 1 and edges == pytest.approx(PICTURE, abs=2)
    crop = {"crop": ",".join(map(str, edges)), "dpi": 72}
    part, whole = (kettle.get(f"{path}/pages/1.png", params=asked) for asked in (crop, {"dpi": 72}))
    assert pixels_of(part.content).shape == (80, 120, 3) and pixels_of(whole.content).shape == (842, 595, 3)
    assert part.headers["etag"] != whole.headers["etag"]
    again = kettle.get(f"{path}/pages/1.png", params=crop, headers={"If-None-Match": part.headers["etag"]})
    assert again.status_code == 304
    for wrong in ("", "1,2,3", "1,2,3,x", "nan,0,9,9", "0,0,inf,9", "9,0,9,9", "-1,0,9,9", "0,0,596,9", "0,0,9,9,9"):
        assert problem(kettle.get(f"{path}/pages/1.png", params={"crop": wrong})) == (422, "invalid_request"), wrong
    assert problem(kettle.get(f"{path}/figures?start=0&end=99999999")) == (422, "invalid_request")
    assert problem(kettle.get(f"{path}/figures")) == (422, "invalid_request")
    lamp = f"{DOCUMENTS}/{document_id(kettle, 'lamp.md')}"
    assert kettle.get(f"{lamp}/figures?start=0&end=5").json() == {"figures": []}


def test_a_judgement_goes_where_the_command_line_keeps_them(client: TestClient, shared_home: Path) -> None:
    identity = client.post(ASK, json={"question": QUESTION}).json()["answer_id"]
    given = {"answer_id": identity, "verdict": "bad", "better": "Every two weeks."}
    assert conforms(schemas.Judgement, client.post("/v1/libraries/default/feedback", json=given).json())["better"]
    (judged,) = judgements(load_settings({"home": shared_home}))
    assert (judged.verdict, judged.better, judged.answer.id) == ("bad", "Every two weeks.", identity)
    unknown = client.post("/v1/libraries/default/feedback", json={**given, "answer_id": "none"})
    assert problem(unknown) == (404, "unknown_answer")


def test_prometheus_reads_counts_by_route_and_no_name_of_a_document(client: TestClient) -> None:
    client.get(f"{DOCUMENTS}/0123456789abcdef")
    told = client.get("/metrics").text
    assert 'route="/v1/libraries/{library}/documents/{document}",method="GET",status="404"' in told
    assert "0123456789abcdef" not in told and "ragqa_request_seconds_bucket" in told


def test_openapi_describes_every_route_and_its_errors(client: TestClient) -> None:
    described = client.get("/v1/openapi.json").json()
    assert {"ProblemBody", "AnswerResult"} <= set(described["components"]["schemas"])
    assert "HTTPValidationError" not in described["components"]["schemas"]
    assert described["paths"]["/v1/libraries/{library}/documents"]["post"]["requestBody"]


# What it refuses


@pytest.mark.parametrize(
    ("method", "path", "more", "expected"),
    [
        ("GET", "/nowhere", {}, (404, "not_found")),
        ("GET", ASK, {}, (405, "method_not_allowed")),
        ("GET", "/v1/libraries/none/documents", {}, (404, "unknown_library")),
        ("GET", "/v1/libraries/..%2F..%2Fetc/documents", {}, (404, "not_found")),
        ("GET", "/v1/libraries/.../documents", {}, (404, "unknown_library")),
        ("GET", f"{DOCUMENTS}/..%2Fpump.md", {}, (404, "not_found")),
        ("GET", f"{DOCUMENTS}/pump.md", {}, (404, "unknown_document")),
        ("GET", "/page/..%2Fapp.py", {}, (404, "not_found")),
        ("GET", "/page/app.py", {}, (404, "not_found")),
        ("GET", "/v1/libraries/default/jobs/none", {}, (404, "unknown_job")),
        ("POST", ASK, {"json": {"question": ""}}, (422, "invalid_request")),
        ("POST", ASK, {"json": {"question": "?!"}}, (422, "unusable_question")),
        ("POST", ASK, {"json": {"question": "a" * 20_000}}, (422, "invalid_request")),
        ("POST", ASK, {"json": {"question": "a", "frobnicate": 1}}, (422, "invalid_request")),
        ("POST", ASK, {"json": {"question": "filter", "document": "none-*.pdf"}}, (409, "library")),
        ("POST", ASK, {"content": b"{"}, (422, "invalid_request")),
        (
            "POST",
            ASK,
            {"content": b"\xff\xff", "headers": {"content-type": "application/json"}},
            (400, "invalid_request"),
        ),
        ("POST", ASK, {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, None),
        ("POST", ASK, {"content": b"x" * 2_000_000}, (413, "too_large")),
        ("POST", f"{DOCUMENTS}?name=a.md", {"content": b""}, (422, "invalid_request")),
        ("POST", f"{DOCUMENTS}?name=../a.md", {"content": b"x"}, (422, "invalid_request")),
        ("POST", f"{DOCUMENTS}?name=/etc/a.md", {"content": b"x"}, (422, "invalid_request")),
        ("POST", DOCUMENTS, {"content": b"x"}, (422, "invalid_request")),
        ("DELETE", f"{DOCUMENTS}/pump.md", {}, (404, "unknown_document")),
    ],
)
def test_what_is_wrong_is_told_in_one_shape(
    ours: TestClient, method: str, path: str, more: dict[str, Any], expected: tuple[int, str] | None
) -> None:
    told = problem(ours.request(method, path, **more))
    assert told == expected if expected else 400 <= told[0] < 500


def test_pages_that_are_not_there_are_said_so(client: TestClient) -> None:
    fan, pump = (f"{DOCUMENTS}/{document_id(client, name)}" for name in ("fan.pdf", "pump.md"))
    assert problem(client.get(f"{fan}/pages/3")) == (404, "unknown_page")
    assert problem(client.get(f"{fan}/pages/3.png")) == (404, "unknown_page")
    assert problem(client.get(f"{fan}/pages/0")) == (422, "invalid_request")
    assert problem(client.get(f"{fan}/pages/1.png?dpi=9000")) == (422, "invalid_request")
    assert problem(client.get(f"{fan}/pages/1.png?start=0&end=99999999")) == (422, "invalid_request")
    assert problem(client.get(f"{pump}/pages/1")) == (404, "unknown_page")


def test_a_mistake_of_ours_tells_the_log_and_not_the_client(
    ours: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Library, "units", lambda *_: 1 / 0)
    response = ours.get(f"{DOCUMENTS}/{document_id(ours, 'fan.pdf')}/units")
    assert problem(response) == (500, "internal") and "division" not in response.text
    assert "ZeroDivisionError" in caplog.text and response.headers["x-content-type-options"] == "nosniff"


def test_other_names_and_other_pages_are_refused(ours: TestClient) -> None:
    assert problem(ours.get("/v1/libraries", headers={"Host": "evil.example"})) == (403, "forbidden")
    assert problem(ours.get("/", headers={"Host": "evil.example:8321"})) == (403, "forbidden")
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
        assert problem(ours.post(ASK, json={"question": "a"}, headers={"Origin": origin})) == (403, "forbidden")
    own = ours.get("/v1/libraries", headers={"Origin": HERE})
    assert own.status_code == 200 and "access-control-allow-origin" not in own.headers
    assert ours.get("/v1/health", headers={"Host": "localhost:8321"}).status_code == 200


def test_browsers_are_told_to_load_and_run_nothing_else(ours: TestClient) -> None:
    page = ours.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page.headers["referrer-policy"] == "no-referrer" and page.headers["x-content-type-options"] == "nosniff"
    assert ours.get("/v1/libraries").headers["cache-control"] == "no-store"


def test_named_origins_may_use_it_and_others_not(shared_home: Path) -> None:
    allowed = "https://manuals.example.com"
    with served(shared_home, options={"origins": (allowed,)}) as client:
        asked = {"Origin": allowed, "Access-Control-Request-Method": "POST"}
        assert client.options(ASK, headers=asked).headers["access-control-allow-origin"] == allowed
        behind = client.get("/v1/libraries", headers={"Host": "manuals.example.com", "Origin": allowed})
        assert behind.status_code == 200 and behind.headers["access-control-allow-origin"] == allowed
        assert problem(client.get("/v1/libraries", headers={"Origin": allowed + ".evil.example"})) == (403, "forbidden")


def test_a_token_is_asked_for_and_a_session_stands_for_it(shared_home: Path) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with served(shared_home, options={"host": "0.0.0.0", "token": TOKEN}) as client:
        for headers in ({}, {"Authorization": f"Bearer {TOKEN[:-1]}"}, {"Authorization": f"Basic {TOKEN}"}):
            response = client.get("/v1/libraries", headers=headers)
            assert problem(response) == (401, "unauthorised") and response.headers["www-authenticate"]
        assert problem(client.get("/metrics")) == (401, "unauthorised")
        assert client.post("/v1/chat/completions", json={}).json()["error"]["code"] == "unauthorised"
        assert client.get("/v1/health").status_code == client.get("/").status_code == 200
        assert client.get("/v1/libraries", headers={**bearer, "Host": "manuals.local"}).status_code == 200
        assert problem(client.post("/v1/session")) == (401, "unauthorised")
        opened = client.post("/v1/session", headers=bearer)
        cookie = opened.headers["set-cookie"]
        assert opened.status_code == 204 and TOKEN not in cookie
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert client.get("/v1/libraries").status_code == 200
        ends, _, seal = client.cookies["ragqa_session"].partition(".")
        other = "1" if seal.endswith("0") else "0"
        for forged in (f"{int(ends) + 9}.{seal}", f"{ends}.{seal[:-1]}{other}", "1", ""):
            client.cookies.clear()
            refused = client.get("/v1/libraries", headers={"Cookie": f"ragqa_session={forged}"})
            assert problem(refused) == (401, "unauthorised")


def test_behind_a_proxy_only_whom_it_knows_may_ask(shared_home: Path) -> None:
    with served(shared_home, options={"host": "0.0.0.0", "trusted_header": "X-Forwarded-User"}) as client:
        assert problem(client.get("/v1/libraries")) == (401, "unauthorised")
        assert client.get("/v1/libraries", headers={"X-Forwarded-User": "ann"}).status_code == 200


def test_read_only_changes_nothing(shared_home: Path) -> None:
    with served(shared_home, options={"read_only": True}) as client:
        assert client.post(ASK, json={"question": QUESTION}).json()["answer_id"] is None
        fan = document_id(client, "fan.pdf")
        for response in (
            client.post(f"{DOCUMENTS}?name=a.md", content=b"# A"),
            client.delete(f"{DOCUMENTS}/{fan}"),
            client.post("/v1/libraries/default/feedback", json={"answer_id": "1", "verdict": "good"}),
        ):
            assert problem(response) == (403, "read_only")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("prefix", ["", "/manuals"])
def test_it_works_below_a_path_whether_the_proxy_keeps_it_or_not(shared_home: Path, prefix: str) -> None:
    with served(shared_home, options={"root_path": "/manuals"}) as client:
        assert client.get(f"{prefix}/v1/libraries").status_code == 200
        assert client.get(f"{prefix}/").status_code == 200
        assert client.get(f"{prefix}/v1/openapi.json").json()["servers"] == [{"url": "/manuals"}]
        assert problem(client.get(f"{prefix}/v1/libraries/none/documents")) == (404, "unknown_library")
        assert client.post(f"{prefix}/v1/embeddings", json={}).json()["error"]["type"] == "invalid_request_error"
    with served(shared_home, options={"root_path": "/manuals"}) as client:
        moved = client.get("/manuals", follow_redirects=False)
        assert moved.status_code == 307 and moved.headers["location"] == "/manuals/"
