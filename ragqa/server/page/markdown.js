// Draws the Markdown of answers as elements: paragraphs, headings, lists, tables, code, emphasis, citation markers.
// HTML, images and links stay text: what a manual or a model writes can't lead anywhere or load anything.
import { make } from "./dom.js";

const FENCE = /^ {0,3}(```+|~~~+)/;
const ITEM = /^(\s*)([-*+]|\d{1,4}[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const CITED = /^\s*(\[\d{1,3}\]\s*)+$/;
const RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** Return a fragment for `text`. `marker(n)` returns the element of the citation n, or null where there is none. */
export function render(text, marker) {
  const fragment = document.createDocumentFragment();
  fragment.append(...blocks(text.replace(/\r\n?/g, "\n").split("\n"), marker, 0));
  return fragment;
}

function blocks(lines, marker, depth) {
  const made = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (!line.trim()) at += 1;
    else if (fence) {
      let end = at + 1;
      while (end < lines.length && !lines[end].trim().startsWith(fence[1])) end += 1;
      made.push(make("pre", { tabindex: "0" }, make("code", {}, lines.slice(at + 1, end).join("\n"))));
      at = end + 1;
    } else if (heading) {
      made.push(make("h4", {}, inline(heading[2], marker)));
      at += 1;
    } else if (isTable(lines, at)) {
      let end = at + 2;
      while (end < lines.length && lines[end].includes("|")) end += 1;
      made.push(table(lines.slice(at, end), marker));
      at = end;
    } else if (ITEM.test(line) && depth < 8) {
      const end = listEnd(lines, at);
      made.push(list(lines.slice(at, end), marker, depth));
      at = end;
    } else {
      let end = at + 1;
      while (end < lines.length && !begins(lines, end)) end += 1;
      const drawn = paragraph(lines.slice(at, end), marker);
      const before = made.at(-1);
      if (end === at + 1 && CITED.test(line) && before?.lastElementChild?.tagName === "LI") {
        before.lastElementChild.append(" ", ...drawn.childNodes);
      } else made.push(drawn);
      at = end;
    }
  }
  return made;
}

const begins = (lines, at) =>
  !lines[at].trim() || FENCE.test(lines[at]) || HEADING.test(lines[at]) || ITEM.test(lines[at]) || isTable(lines, at);

const isTable = (lines, at) =>
  lines[at].includes("|") && at + 1 < lines.length && lines[at + 1].includes("-") && RULE.test(lines[at + 1]);

const indentOf = line => line.length - line.trimStart().length;

/** A list ends at a line that is no further indented than its items and no item of the same kind. */
function listEnd(lines, at) {
  const first = ITEM.exec(lines[at]);
  const base = first[1].length;
  let end = at + 1;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    const inside = indentOf(lines[end]) > base;
    const same = item && item[1].length === base && ordered(item) === ordered(first);
    const blank = !lines[end].trim() && end + 1 < lines.length;
    const next = blank ? ITEM.exec(lines[end + 1]) : null;
    const goesOn = blank && (indentOf(lines[end + 1]) > base || (next && ordered(next) === ordered(first)));
    if (!(lines[end].trim() ? inside || same : goesOn)) break;
    end += 1;
  }
  return end;
}

const ordered = item => /\d/.test(item[2]);

function list(lines, marker, depth) {
  const first = ITEM.exec(lines[0]);
  const base = first[1].length;
  const start = parseInt(first[2], 10);
  const made = make(ordered(first) ? "ol" : "ul", { start: start > 1 ? start : null });
  let at = 0;
  while (at < lines.length) {
    let end = at + 1;
    while (end < lines.length && !(ITEM.test(lines[end]) && indentOf(lines[end]) <= base)) end += 1;
    const item = ITEM.exec(lines[at]);
    const width = item[0].length - item[3].length;
    const rest = lines.slice(at + 1, end).map(line => line.slice(Math.min(indentOf(line), width)));
    const inner = blocks([item[3], ...rest], marker, depth + 1);
    const value = parseInt(item[2], 10);
    made.append(make("li", { value: ordered(item) ? value : null },
      ...inner.flatMap((block, place) => (place === 0 && block.tagName === "P" ? [...block.childNodes] : [block]))));
    at = end;
  }
  return made;
}

function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(^|[^\\])\|$/, "$1");
  return inner.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll("\\|", "|"));
}

function table(lines, marker) {
  const head = cells(lines[0]);
  const rows = lines.slice(2).map(cells);
  return make("div", { class: "wide", tabindex: "0" }, make("table", {},
    make("thead", {}, make("tr", {}, head.map(cell => make("th", { scope: "col" }, inline(cell, marker))))),
    make("tbody", {}, rows.map(row => make("tr", {}, row.map(cell => make("td", {}, inline(cell, marker))))))));
}

function paragraph(lines, marker) {
  const made = make("p");
  lines.forEach((line, place) => {
    if (place) made.append(CITED.test(line) ? " " : make("br"));
    made.append(...inline(line.trim(), marker));
  });
  return made;
}

const INLINE = /\\([\\`*_{}[\]()#+\-.!|<>~])|(`+)(.+?)\2(?!`)|\*\*(?=\S)(.+?)\*\*|\*(?=[^\s*])([^*]+?)\*|\[(\d{1,3})\]/g;

/** Return the nodes of one line. */
function inline(text, marker) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, escaped, , code, strong, weak, cited] = found;
    let node = null;
    if (escaped) node = escaped;
    else if (code) node = make("code", {}, code.trim());
    else if (strong) node = make("strong", {}, inline(strong, marker));
    else if (weak) node = make("em", {}, inline(weak, marker));
    else if (cited) node = marker(Number(cited));
    if (node === null) continue;
    nodes.push(text.slice(from, found.index), node);
    from = found.index + whole.length;
  }
  nodes.push(text.slice(from));
  return nodes.filter(node => node !== "");
}
