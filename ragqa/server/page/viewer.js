// The page at the side: its image with the quote lit, or its text; outline, zoom, previous and next.
import { getJson, inLibrary } from "./api.js";
import { announce, byId, make } from "./dom.js";
import { say, sayPages } from "./words.js";

const DPIS = [75, 100, 150, 200, 300];
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const narrow = matchMedia("(max-width: 60rem)");

/** What is shown: {library, id, name, page, pageEnd, start, end, figure}, or null; `figure` is a box to be brought into sight. */
let shown = null;
let detail = null;
let zoom = 1;
let asText = false;
let outlineOpen = false;
let opener = null;
let turn = 0;

/** Return what is shown, for a share link; null where no page is open. */
export const shownPage = () => shown;

/** Open a page. `place`: {library, id, page, pageEnd, start, end}; what opened it gets the focus back. */
export async function openPage(place, from = document.activeElement) {
  opener = from;
  asText = false;
  if (!shown || shown.id !== place.id || shown.library !== place.library) detail = null;
  shown = { page: 1, ...place };
  const viewer = byId("viewer");
  viewer.hidden = false;
  document.body.classList.add("viewing");
  setBehind();
  draw();
  byId("viewer-title").focus({ preventScroll: true });
  const mine = shown;
  try {
    detail ??= await getJson(inLibrary(mine.library, "documents", mine.id));
  } catch (error) {
    if (mine === shown) byId("viewer-scroll").replaceChildren(make("p", { class: "error", role: "alert" }, error.message));
    return;
  }
  if (mine === shown) draw();
}

/** Close the page; the focus goes back to what opened it. */
export function closePage() {
  if (!shown) return;
  shown = null;
  turn += 1;
  byId("viewer").hidden = true;
  document.body.classList.remove("viewing");
  setBehind();
  if (opener?.isConnected) opener.focus();
  else byId("question").focus();
}

/** Draw anew in another language. */
export function redrawPage() { if (shown) draw(); }

/** On a phone the page covers everything: nothing behind it can be reached then. */
function setBehind() {
  const covered = Boolean(shown) && narrow.matches;
  for (const id of ["top", "ask", "manuals", "skip"]) byId(id).inert = covered;
}
narrow.addEventListener("change", setBehind);

function button(sign, key, act, more = {}) {
  return make("button", { type: "button", "aria-label": say(key), title: say(key), on: { click: act }, ...more },
    make("span", { "aria-hidden": "true" }, sign));
}

function draw() {
  const kept = document.activeElement?.dataset?.key;
  const pages = detail?.pages || 0;
  const { page } = shown;
  const name = detail?.name || shown.name || "";
  const last = shown.pageEnd && shown.pageEnd > page ? shown.pageEnd : page;
  const outline = detail?.outline || [];
  byId("viewer").replaceChildren(
    make("div", { class: "viewer-head" },
      make("h2", { id: "viewer-title", tabindex: "-1", "data-key": "title" }, name, " ", make("small", {}, pages ? sayPages(page, last) : "")),
      button("✕", "closePage", closePage, { class: "quiet", "data-key": "close" })),
    make("div", { class: "viewer-tools" },
      pages ? [
        button("‹", "previous", () => turnTo(page - 1), { disabled: page <= 1, "data-key": "previous" }),
        make("span", { class: "count" }, say("pageOf", { n: last > page ? `${page}–${last}` : page, pages })),
        button("›", "next", () => turnTo(last + 1), { disabled: last >= pages, "data-key": "next" }),
        make("span", { class: "gap" }),
        button("−", "zoomOut", () => setZoom(-1), { disabled: zoom === ZOOMS[0] || asText, "data-key": "out" }),
        button("+", "zoomIn", () => setZoom(1), { disabled: zoom === ZOOMS.at(-1) || asText, "data-key": "in" }),
        detail.has_original ? make("button", { type: "button", "aria-pressed": String(asText), "data-key": "text",
          on: { click: () => { asText = !asText; draw(); } } }, say("asText")) : null,
      ] : null,
      detail?.has_original ? make("a", { class: "button", target: "_blank", rel: "noopener noreferrer", "data-key": "pdf",
        "aria-label": say("openPdf"), title: say("openPdf"),
        href: `${inLibrary(shown.library, "documents", shown.id, "original")}#page=${page}` }, "PDF") : null),
    pages && outline.length ? make("details", { class: "outline", open: outlineOpen,
      on: { toggle: event => { outlineOpen = event.currentTarget.open; } } }, make("summary", { "data-key": "outline" }, say("outline")),
      make("ol", {}, outline.map(one => make("li", { class: `level-${Math.min(one.level, 4)}` },
        make("button", { type: "button", class: "quiet", "aria-current": one.page === page ? "true" : null,
          on: { click: () => { outlineOpen = false; turnTo(one.page || 1); } } },
        make("span", {}, one.title), make("span", { class: "number" }, one.page || "")))))) : "",
    make("div", { id: "viewer-scroll", tabindex: "0", "data-key": "scroll", role: "group", "aria-label": name }));
  if (kept) (byId("viewer").querySelector(`[data-key="${kept}"]:not([disabled])`) || byId("viewer-title")).focus();
  drawPages(page, last);
}

function turnTo(page) {
  const title = byId("viewer").contains(document.activeElement) && !document.activeElement.dataset.key;
  shown = { ...shown, page, pageEnd: null, figure: null };
  draw();
  if (title) byId("viewer-title").focus();
  announce(sayPages(page));
}

function setZoom(step) {
  zoom = ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(zoom) + step))];
  draw();
}

async function drawPages(first, last) {
  const mine = ++turn;
  const scroll = byId("viewer-scroll");
  if (!detail) { scroll.replaceChildren(make("p", { class: "facts" }, say("loading"))); return; }
  if (!detail.pages) { await drawUnits(scroll, mine); return; }
  const numbers = Array.from({ length: Math.min(last - first + 1, 4) }, (_, place) => first + place);
  const places = numbers.map(() => make("div", { class: "sheet" }));
  scroll.replaceChildren(...places);
  const drawn = numbers.map((number, place) => (asText || !detail.has_original
    ? drawText(places[place], number, mine) : drawImage(places[place], number, mine)));
  await Promise.all(drawn);
}

const span = () => (shown.end > shown.start ? `&start=${shown.start}&end=${shown.end}` : "");
const pagePath = (number, ...more) => inLibrary(shown.library, "documents", shown.id, "pages", number, ...more);

async function drawImage(place, number, mine) {
  const width = Math.max(200, byId("viewer-scroll").clientWidth - 32) * zoom;
  const wanted = width * Math.min(devicePixelRatio || 1, 2) / 8.3;
  const dpi = DPIS.find(one => one >= wanted) || DPIS.at(-1);
  const lit = span();
  const image = make("img", { alt: say("pageImage", { document: detail.name, n: number }), decoding: "async" });
  image.style.width = `${Math.round(width)}px`;
  place.classList.add("waiting");
  place.replaceChildren(image);
  const base = `${inLibrary(shown.library, "documents", shown.id, "pages")}/${number}.png?dpi=${dpi}`;
  const boxes = lit ? getJson(`${pagePath(number, "boxes")}?${lit.slice(1)}`).catch(error => error) : null;
  let loaded = await load(image, base + lit);
  const found = await boxes;
  if (mine !== turn) return;
  if (!loaded && lit) {
    loaded = await load(image, base);
    if (mine !== turn) return;
    if (loaded && found instanceof Error) place.before(make("p", { class: "note" }, found.message));
  }
  if (found?.boxes?.length) image.alt = say("pageLit", { document: detail.name, n: number });
  place.classList.remove("waiting");
  if (!loaded) {
    place.before(make("p", { class: "note" }, say("noImage")));
    await drawText(place, number, mine);
    return;
  }
  const sought = shown.figure ? [shown.figure] : found?.boxes;
  if (sought?.length && found?.height && number === shown.page) scrollTo(image, sought, found.height);
}

function load(image, source) {
  return new Promise(resolve => {
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    image.src = source;
  });
}

/** Bring the first of some boxes into sight, on a page so many points high. */
function scrollTo(image, boxes, height) {
  const scroll = byId("viewer-scroll");
  const scale = image.clientHeight / height;
  const first = boxes.reduce((best, box) => (box.top < best.top ? box : best));
  const top = image.offsetTop + first.top * scale - scroll.clientHeight / 4;
  const left = first.left * scale - 24;
  const smooth = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  scroll.scrollTo({ top, left: zoom > 1 ? left : 0, behavior: smooth });
}

/** Return the JSON at `path`; null where an error is shown in `place` instead, or another page is shown by now. */
async function fetchFor(place, path, mine) {
  try {
    const read = await getJson(path);
    return mine === turn ? read : null;
  } catch (error) {
    if (mine === turn) place.replaceChildren(make("p", { class: "error", role: "alert" }, error.message));
    return null;
  }
}

/** The text of a page, with the quote marked. */
async function drawText(place, number, mine) {
  const read = await fetchFor(place, pagePath(number), mine);
  if (!read) return;
  place.replaceChildren(make("div", { class: "page-text", role: "group", "aria-label": say("pageText", { n: number }) }, marked(read)));
  place.querySelector("mark")?.scrollIntoView({ block: "center" });
}

/** The text of a document without pages, unit by unit under its headings, with the quote marked. */
async function drawUnits(place, mine) {
  const read = await fetchFor(place, inLibrary(shown.library, "documents", shown.id, "units"), mine);
  if (!read) return;
  const text = make("div", { class: "page-text" });
  let section = null;
  for (const unit of read.units) {
    if (unit.section && unit.section !== section) text.append(make("h3", {}, section = unit.section));
    text.append(make("p", {}, marked(unit)));
  }
  place.replaceChildren(text);
  place.querySelector("mark")?.scrollIntoView({ block: "center" });
}

/** Return the pieces of `{text, start}`, what the quote covers in a mark. The server counts code points, not UTF-16. */
function marked({ text, start }) {
  const letters = Array.from(text);
  const from = Math.max(0, (shown.start ?? 0) - start);
  const to = Math.min(letters.length, (shown.end ?? 0) - start);
  if (to <= from) return [text];
  return [letters.slice(0, from).join(""), make("mark", {}, letters.slice(from, to).join("")), letters.slice(to).join("")];
}

document.addEventListener("keydown", event => {
  if (event.key === "Escape" && shown && !event.isComposing && !document.querySelector("dialog[open]")) closePage();
});
byId("viewer").addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const acts = {
    ArrowLeft: () => byId("viewer").querySelector('[data-key="previous"]')?.click(),
    ArrowRight: () => byId("viewer").querySelector('[data-key="next"]')?.click(),
    "+": () => byId("viewer").querySelector('[data-key="in"]')?.click(),
    "-": () => byId("viewer").querySelector('[data-key="out"]')?.click(),
  };
  if (!acts[event.key] || (zoom > 1 && event.target.id === "viewer-scroll" && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  acts[event.key]();
});

let resized = 0;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => { if (shown && detail?.pages && !asText) drawPages(shown.page, Math.max(shown.page, shown.pageEnd || 0)); }, 200);
});
