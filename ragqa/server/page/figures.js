// The figures that stand beside what an answer cites, under its text. Where there are none, or they can't be had, nothing.
import { getJson, inLibrary } from "./api.js";
import { make } from "./dom.js";
import { openPage } from "./viewer.js";
import { say } from "./words.js";

const MOST = 4;
const MOST_PLACES = 6;
const DPI = 150;
/** The most CSS pixels that a figure is wide and high, and how many a point of it is. */
const [WIDE, HIGH, POINT] = [420, 280, 1.2];

/** Put the figures of an answer's units and citations into `section`, which is hidden while there are none. */
export async function showFigures(section, answer, library) {
  const shown = new Set();
  for (const place of placesOf(answer)) {
    for (const figure of await figuresOf(place, library)) {
      const name = JSON.stringify([place.document_id, figure]);
      if (shown.size === MOST) return;
      if (shown.has(name)) continue;
      shown.add(name);
      section.append(figureButton(figure, place, library));
      section.hidden = false;
    }
  }
}

/** Return what is cited: the unit that holds a citation, else the citation; each once. */
function placesOf({ citations, units }) {
  const found = citations.filter(one => one.document_id && one.page && one.end > one.start).map(one => units.find(unit =>
    unit.document === one.document && unit.start < one.end && one.start < unit.end) || one);
  return [...new Set(found)].slice(0, MOST_PLACES);
}

async function figuresOf(place, library) {
  try {
    const path = inLibrary(library, "documents", place.document_id, "figures");
    return (await getJson(`${path}?start=${place.start}&end=${place.end}`)).figures;
  } catch { return []; }
}

function figureButton(figure, place, library) {
  const { page, left, top, right, bottom } = figure;
  const [width, height] = [right - left, bottom - top];
  const scale = Math.min(POINT, WIDE / width, HIGH / height);
  const path = `${inLibrary(library, "documents", place.document_id, "pages")}/${page}.png`;
  const image = make("img", {
    alt: say("figure", { document: place.document, n: page }), loading: "lazy", decoding: "async",
    width: Math.round(width * scale), height: Math.round(height * scale),
    src: `${path}?dpi=${DPI}&crop=${[left, top, right, bottom].join()}`,
  });
  const button = make("button", { type: "button", on: { click: event => openPage({
    library, id: place.document_id, name: place.document, page, start: place.start, end: place.end, figure,
  }, event.currentTarget) } }, image);
  image.addEventListener("error", () => {
    const section = button.parentElement;
    button.remove();
    if (section && !section.querySelector("button")) section.hidden = true;
  });
  return button;
}
