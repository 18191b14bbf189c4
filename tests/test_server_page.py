"""The browser page as people use it: in Chromium, over a server in a process of its own and the sample manuals."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHINESE, ENGLISH, PATIENCE, copy_library
from tests.server_making import BLEED, DESCALE, kettle_pdf, radiator_pdf
from tests.test_server_process import started

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs the browser Chromium, such as Debian's package")

expect: Any = sync_api.expect if CHROMIUM else None
FAULT = "What does fault code E17 mean, and what should I do?"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
NOTE = """# Stove

## Lighting

Light the stove with <img src="https://example.com/x.png"> dry kindling, never with petrol.
"""
DRAW = """async text => {
  const { render } = await import(`${document.baseURI.split("#")[0]}page/markdown.js`);
  const box = document.createElement("div");
  box.append(render(text, n => (n === 1 ? document.createElement("button") : null)));
  return box.innerHTML;
}"""


@pytest.fixture(scope="module")
def address(manuals_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a copy of the library of the two sample manuals."""
    home = tmp_path_factory.mktemp("page")
    copy_library(manuals_home, home)
    with started(home) as (_, url):
        yield f"{url}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    """Open the page in a new profile; afterwards nothing has failed in it and nothing was asked of another server."""
    contexts, wrong = [], []

    def open_page(path: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": DESK, "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: None if asked.url.startswith((address, "blob:")) else wrong.append(asked.url))
        page.goto(address + path)
        page.wait_for_selector("html[data-ready]")
        return page

    expect.set_options(timeout=PATIENCE * 1000)
    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def ask(page: Any, question: str) -> Any:
    """Ask by the keyboard; return the answer when it is whole."""
    answers = page.get_by_role("article")
    count = answers.count()
    page.get_by_label("Your question").or_(page.get_by_label("输入问题")).fill(question)
    page.keyboard.press("Enter")
    answer = answers.nth(count)
    expect(answer.locator(".foot")).to_be_visible()
    return answer


def drawn(page: Any) -> list[str]:
    """The alternative texts of the page images, when all are there."""
    expect(page.locator("#viewer img").first).to_be_visible()
    expect(page.locator("#viewer .waiting")).to_have_count(0)
    return [str(one.get_attribute("alt")) for one in page.locator("#viewer img").all()]


def add(page: Any, name: str, data: bytes) -> None:
    """Add a PDF to the library, and go back to ask."""
    page.get_by_role("button", name="Manuals").click()
    page.set_input_files("#files", [{"name": name, "mimeType": "application/pdf", "buffer": data}])
    expect(page.locator("#jobs > li", has_text=name)).to_contain_text("Added")
    page.get_by_role("button", name="Ask", exact=True).first.click()


def remove(page: Any, name: str) -> None:
    """Remove a manual that a test has added to the two of the samples."""
    page.get_by_role("button", name="Manuals").click()
    page.get_by_role("button", name=f"Remove {name}").click()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    expect(page.locator("#documents > li")).to_have_count(2)


def test_an_answer_leads_to_the_lit_page_and_a_follow_up_stays(visit: Any) -> None:
    page = visit()
    answer = ask(page, FAULT)
    expect(answer).to_contain_text("Supply air too cold")
    expect(answer).to_contain_text(re.compile(r"Confidence \d+ %"))
    answer.get_by_role("button", name=re.compile("^Source 1: halden-kx-40.pdf, page 27")).first.click()
    assert drawn(page) == [f"{ENGLISH}, page 27, with the quote lit"]
    lit = page.evaluate("""async () => {
      const image = document.querySelector("#viewer img"), canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let yellow = 0;
      for (let at = 0; at < data.length; at += 4) yellow += data[at] > 200 && data[at + 1] > 180 && data[at + 2] < 150;
      return yellow / (data.length / 4);
    }""")
    assert 0.001 < lit < 0.05, "one row of the page is lit"
    page.get_by_role("button", name="Next page").click()
    assert drawn(page) == [f"{ENGLISH}, page 28"]
    narrow = page.locator("#viewer img").bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    drawn(page)
    assert page.locator("#viewer img").bounding_box()["width"] > narrow
    assert page.get_by_role("link", name="Open the PDF").get_attribute("href").endswith("/original#page=28")
    page.get_by_text("Outline").click()
    page.get_by_role("button", name="1.1 Intended use").click()
    assert drawn(page)[0].startswith(f"{ENGLISH}, page 5")

    ask(page, "And E18?")
    expect(page.get_by_role("article")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_role("article")).to_have_count(0)


def test_chinese_interface_and_answer(visit: Any) -> None:
    page = visit(locale="zh-CN")
    expect(page.get_by_text("您想了解什么？")).to_be_visible()
    answer = ask(page, "初效滤网多久清洗一次？")
    expect(answer.get_by_role("listitem").first).to_contain_text("打开前门")
    answer.get_by_role("button", name="出处 1").first.click()
    assert drawn(page)[0].startswith(f"{CHINESE}，第 ")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Manuals")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_link_shows_a_quote_over_two_pages(visit: Any, address: str) -> None:
    page = visit()
    answer = ask(page, FAULT)
    answer.get_by_role("button", name="Share").click()
    link = answer.get_by_label("Link to this question").input_value()
    assert link.startswith(f"{address}#library=default&question=") and "&page=27" in link
    start = int(re.search(r"start=(\d+)", link)[1])  # type: ignore[index]
    over = re.sub(r"end=\d+", f"end={start + 2000}&end_page=28", link)
    other = visit(over.removeprefix(address))
    expect(other.get_by_role("article")).to_contain_text("Supply air too cold")
    assert drawn(other) == [f"{ENGLISH}, page {n}, with the quote lit" for n in (27, 28)]


def test_an_answer_over_two_pages_shows_both_lit(visit: Any) -> None:
    page = visit()
    add(page, "radiator.pdf", radiator_pdf())
    answer = ask(page, BLEED)
    expect(answer).to_contain_text("Close screw 6")
    answer.get_by_role("button", name="Source 1: radiator.pdf, pages 1–2").click()
    assert drawn(page) == [f"radiator.pdf, page {n}, with the quote lit" for n in (1, 2)]
    remove(page, "radiator.pdf")


def test_what_the_manual_does_not_say_is_shown_as_that(visit: Any) -> None:
    page = visit()
    answer = ask(page, "Which opera was first sung in Vienna in 1791?")
    expect(answer).to_contain_text("Not in the manual")
    answer.get_by_role("button", name="Bad answer").click()
    answer.get_by_label("What should it have said?").fill("The Magic Flute.")
    answer.get_by_role("button", name="Send").click()
    expect(answer).to_contain_text("Noted, thank you.")
    answer.get_by_role("button", name=ENGLISH).or_(answer.get_by_role("button", name=CHINESE)).first.click()
    assert all("lit" in alt for alt in drawn(page)), "the nearest passage is lit too"


def test_manuals_are_added_asked_and_removed(visit: Any) -> None:
    page = visit()
    page.get_by_role("button", name="Manuals").click()
    expect(page.locator("#documents > li")).to_have_count(2)
    files = [("stove.md", NOTE.encode()), ("broken.pdf", b"%PDF-1.4 and no more")]
    page.set_input_files(
        "#files", [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]
    )
    expect(page.locator("#jobs > li", has_text="broken.pdf")).to_contain_text("Skipped: broken.pdf is a damaged PDF")
    expect(page.locator("#jobs > li", has_text="stove.md")).to_contain_text("Added")
    expect(page.locator("#documents > li")).to_have_count(3)

    page.get_by_role("button", name="Ask", exact=True).first.click()
    answer = ask(page, "How do I light the stove?")
    expect(answer).to_contain_text("dry kindling")
    assert answer.locator("img, script, a").count() == 0, "what a manual writes loads nothing"
    answer.get_by_role("button", name="Source 1").first.click()
    expect(page.locator("#viewer mark")).to_contain_text("dry kindling")

    page.get_by_role("button", name="Manuals").click()
    page.get_by_role("button", name="Remove stove.md").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#documents > li")).to_have_count(3)
    page.get_by_role("button", name="Remove stove.md").click()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    expect(page.locator("#documents > li")).to_have_count(2)


def test_figures_stand_under_the_answer_and_open_their_page(visit: Any) -> None:
    page = visit()
    add(page, "kettle.pdf", kettle_pdf())
    answer = ask(page, DESCALE)
    expect(answer).to_contain_text("citric acid")
    figure = answer.get_by_role("button", name="Figure on page 1 of kettle.pdf")
    expect(figure).to_have_count(1)
    image = figure.locator("img")
    expect(image).to_have_js_property("complete", True)
    wide, high, drawn_wide = image.evaluate("one => [one.width, one.height, one.naturalWidth]")
    assert wide / high == pytest.approx(120 / 80, abs=0.05) and drawn_wide == 250
    figure.focus()
    page.keyboard.press("Enter")
    assert drawn(page) == ["kettle.pdf, page 1, with the quote lit"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="中文").click()
    expect(answer.get_by_role("button", name="kettle.pdf 第 1 页的插图")).to_have_count(1)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    page.get_by_role("button", name="English").click()
    answer = ask(page, "At how many degrees does setting 3 of the kettle keep its water?")
    expect(answer).to_contain_text("90 degrees")
    page.wait_for_load_state("networkidle")
    expect(answer.locator(".figures")).to_be_hidden()
    remove(page, "kettle.pdf")


def test_dark_by_the_system_and_by_the_switch(visit: Any) -> None:
    page = visit(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Dark colours").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light, "the choice is kept"
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(ground) == dark


def test_on_a_phone_nothing_is_cut_off_and_the_page_covers_the_rest(visit: Any) -> None:
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) == PHONE["width"]
    answer = ask(page, FAULT)
    assert page.evaluate(wide) == PHONE["width"]
    answer.get_by_role("button", name="Source 1").first.tap()
    drawn(page)
    box = page.locator("#viewer").bounding_box()
    assert (box["width"], box["height"]) == (PHONE["width"], PHONE["height"])
    assert page.evaluate(wide) == PHONE["width"]
    page.get_by_role("button", name="Close the page").tap()
    expect(page.locator("#viewer")).to_be_hidden()
    page.get_by_role("button", name="Manuals").tap()
    assert page.evaluate(wide) == PHONE["width"]


def test_the_keyboard_alone_is_enough(visit: Any) -> None:
    page = visit()
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.id") == "question", "a person can write at once"
    page.keyboard.type(FAULT)
    page.keyboard.press("Enter")
    expect(page.locator(".foot")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Supply air too cold")
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.evaluate(f"{focused}.classList.contains('marker')"):
            break
    page.keyboard.press("Enter")
    drawn(page)
    assert page.evaluate(f"{focused}.id") == "viewer-title"
    page.keyboard.press("ArrowRight")
    expect(page.locator(".count")).to_contain_text("28 of")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    assert page.evaluate(f"{focused}.classList.contains('marker')"), "the focus is where it was"


def test_markdown_is_drawn_and_html_is_text(visit: Any) -> None:
    page = visit()

    def draw(text: str) -> str:
        return str(page.evaluate(DRAW, text))

    assert draw("1. One\n2. Two\n   - a\n[1]") == (
        '<ol><li value="1">One</li><li value="2">Two<ul><li>a</li></ul> <button></button></li></ol>'
    )
    assert '<th scope="col">Code</th>' in draw("| Code | Remedy |\n| --- | --- |\n| E1 | Rinse [1] |")
    assert draw("```\na < b\n```").endswith("<code>a &lt; b</code></pre>")
    assert draw("**Never** *wet* `P25` \\*x\\* [2]") == (
        "<p><strong>Never</strong> <em>wet</em> <code>P25</code> *x* [2]</p>"
    )
    hostile = "<script>alert(1)</script> ![x](https://example.com/x.png) [y](javascript:alert(1))"
    assert re.findall(r"<(\w+)", draw(hostile)) == ["p"]
