// One answer: its text, what proves it, what it is worth, and what a person can do with it.
import { inLibrary, postJson } from "./api.js";
import { announce, make } from "./dom.js";
import { showFigures } from "./figures.js";
import { render } from "./markdown.js";
import { openPage, shownPage } from "./viewer.js";
import { say, sayPages } from "./words.js";

const MOST_NEAREST = 3;

/** Show what has come of an answer. */
export function drawPiece(body, text) {
  const marker = n => make("span", { class: "marker" }, String(n));
  body.replaceChildren(make("div", { class: "text" }, render(text, marker)));
}

/** Show an error in place of an answer, with a way to ask again. */
export function drawProblem(body, message, again) {
  body.replaceChildren(
    make("p", { class: "error", role: "alert" }, message),
    make("button", { type: "button", on: { click: again } }, say("tryAgain")));
}

/** Show a whole answer. `turn`: {question, document, answer}; `context`: {library, readOnly}. */
export function drawAnswer(body, turn, { library, readOnly }) {
  const { answer } = turn;
  const cited = new Map(answer.citations.map(one => [one.marker, one]));
  const marker = n => (cited.has(n) ? citeButton(cited.get(n), library) : null);
  const text = make("div", { class: "text" }, render(answer.answer, marker));
  const figures = answer.abstained ? null : make("div", { class: "figures", role: "group", "aria-label": say("figures"), hidden: true });
  body.classList.toggle("abstained", answer.abstained);
  body.replaceChildren(...[
    answer.abstained ? make("p", { class: "tag" }, say("notInManual")) : null,
    answer.corrections.length ? make("p", { class: "note" },
      say("readAs", { words: answer.corrections.map(one => `${one.word} → ${one.taken_for}`).join(", ") })) : null,
    text,
    figures,
    answer.unsupported.length ? notes(say("unsupported"), answer.unsupported) : null,
    answer.citations.length ? sources(answer.citations, library) : null,
    answer.abstained && answer.passages.length ? nearest(answer.passages, library) : null,
    ...answer.warnings.map(line => make("p", { class: "note" }, line)),
    foot(turn, library, readOnly),
  ].filter(Boolean));
  if (figures) showFigures(figures, answer, library);
}

const placeOf = (one, library) => ({
  library, id: one.document_id, name: one.document, page: one.page || 1, pageEnd: one.page_end, start: one.start, end: one.end,
});

function sourceWords(one) {
  const printed = one.printed && one.printed !== String(one.page) ? ` (${say("printed", { n: one.printed })})` : "";
  return sayPages(one.page, one.page_end) + printed;
}

function citeButton(one, library) {
  const label = say("source", { n: one.marker, document: one.document, place: sourceWords(one) });
  return make("button", { type: "button", class: "marker", "aria-label": label, title: label, disabled: !one.document_id,
    on: { click: event => openPage(placeOf(one, library), event.currentTarget) } }, String(one.marker));
}

function card(one, mark, quote, library) {
  const section = one.section.split(" > ").at(-1);
  return make("li", {}, make("button", { type: "button", class: "card", disabled: !one.document_id,
    on: { click: event => openPage(placeOf(one, library), event.currentTarget) } },
  mark ? make("span", { class: "marker", "aria-hidden": "true" }, String(mark)) : null,
  make("span", { class: "card-body" },
    make("span", { class: "card-head" }, make("strong", {}, one.document), ` · ${sourceWords(one)}`),
    section ? make("span", { class: "facts" }, section) : null,
    make("span", { class: "quote" }, quote))));
}

function sources(citations, library) {
  return make("div", { class: "sources" }, make("h3", {}, say("sources")),
    make("ol", {}, citations.map(one => card(one, one.marker, one.quote, library))));
}

function nearest(passages, library) {
  return make("div", { class: "sources" }, make("h3", {}, say("nearest")),
    make("ol", {}, passages.slice(0, MOST_NEAREST).map(one => card(one, null, one.text, library))));
}

function notes(title, lines) {
  return make("div", { class: "note" }, make("strong", {}, title), make("ul", {}, lines.map(line => make("li", {}, line))));
}

function foot(turn, library, readOnly) {
  const { answer } = turn;
  const more = make("div", { class: "more" });
  const share = make("button", { type: "button", class: "quiet", on: { click: () => showLink(more, turn, library) } }, say("share"));
  const judge = readOnly || !answer.answer_id ? [] : judging(answer.answer_id, library, more);
  return make("div", { class: "foot" },
    make("div", { class: "row" },
      make("span", { class: "facts confidence" }, say("confidence", { n: Math.round(answer.confidence * 100) })),
      make("span", { class: "gap" }), ...judge, share),
    more);
}

function judging(id, library, more) {
  const send = async (verdict, better = null) => {
    try {
      await postJson(inLibrary(library, "feedback"), { answer_id: id, verdict, better });
      for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.verdict === verdict));
      return true;
    } catch (error) {
      more.replaceChildren(make("p", { class: "error", role: "alert" }, error.message));
      return false;
    }
  };
  const thank = () => { more.replaceChildren(make("p", { class: "facts" }, say("thanks"))); announce(say("thanks")); };
  const buttons = ["good", "bad"].map(verdict => make("button", {
    type: "button", class: "quiet", "aria-pressed": "false", "aria-label": say(`${verdict}Answer`), "data-verdict": verdict,
    on: { click: async () => {
      if (!await send(verdict)) return;
      if (verdict === "good") thank();
      else askBetter(more, async text => { if (!text || await send("bad", text)) thank(); });
    } },
  }, say(verdict)));
  return buttons;
}

function askBetter(more, done) {
  const field = make("textarea", { rows: "2", maxlength: "50000" });
  const form = make("form", { class: "better", on: { submit: event => { event.preventDefault(); done(field.value.trim()); } } },
    make("label", {}, say("better"), field), make("button", { type: "submit" }, say("sendIt")));
  more.replaceChildren(form);
  field.focus();
  more.scrollIntoView({ block: "nearest" });
}

/** The link names the library, the question and the page: the open one where the answer cites it, else the first cited. */
function showLink(more, { question, document: only, answer }, library) {
  const open = shownPage();
  const cited = answer.citations.filter(one => one.document_id);
  const first = cited.find(one => open?.id === one.document_id && open.page === one.page) || cited[0];
  const fields = { library, question };
  if (only) fields.only = only;
  if (first) Object.assign(fields, { document: first.document_id, page: first.page || 1 });
  if (first?.end) Object.assign(fields, { start: first.start, end: first.end });
  if (first?.page_end > first?.page) fields.end_page = first.page_end;
  const address = `${location.origin}${location.pathname}#${new URLSearchParams(fields)}`;
  const field = make("input", { type: "text", readonly: true, value: address, "aria-label": say("link") });
  const state = make("span", { class: "facts" });
  more.replaceChildren(make("div", { class: "link" }, field, state));
  field.focus();
  field.select();
  more.scrollIntoView({ block: "nearest" });
  navigator.clipboard?.writeText(address).then(() => {
    state.textContent = say("copied");
    announce(say("copied"));
  }).catch(() => {});
}
