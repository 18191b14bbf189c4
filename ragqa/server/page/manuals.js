// The documents of a library: added by drop or button, with progress; removed; what was skipped, and why.
import { events, getJson, inLibrary, upload } from "./api.js";
import { announce, byId, make } from "./dom.js";
import { openPage } from "./viewer.js";
import { language, say, sayManuals } from "./words.js";

const FINISHED = ["done", "failed", "cancelled"];
const followed = new Set();

let server = null;
let library = null;
let changed = () => {};

/** Show the documents of `name` and return them. `info` is the server's list; `onChange` hears when some came or went. */
export async function useLibrary(name, info, onChange) {
  library = name;
  server = info;
  changed = onChange;
  followed.clear();
  byId("jobs").replaceChildren();
  byId("upload").hidden = info.read_only;
  setJobs();
  const documents = await list();
  if (!info.read_only) followRunning(name);
  return documents;
}

/** Show what was under way before the page was opened. */
async function followRunning(name) {
  const { jobs } = await getJson(inLibrary(name, "jobs")).catch(() => ({ jobs: [] }));
  if (name !== library) return;
  for (const job of jobs) if (!FINISHED.includes(job.status)) follow(job, row(job.document));
}

/** Return the documents of the library, and show them. */
export async function list() {
  const asked = library;
  const { documents } = await getJson(inLibrary(asked, "documents"));
  if (asked !== library) return documents;
  byId("library-facts").replaceChildren(sayManuals(documents.length),
    server.read_only ? make("span", { class: "note" }, say("readOnly")) : "");
  byId("documents").replaceChildren(...(documents.length ? documents.map(drawDocument)
    : [make("li", { class: "facts" }, say("none"))]));
  return documents;
}

function drawDocument(one) {
  const date = new Date(one.added_at).toLocaleDateString(language(), { dateStyle: "medium" });
  const facts = [one.title && one.title !== one.name ? one.name : null, one.pages ? say("pageCount", { n: one.pages }) : null,
    say("addedOn", { date })].filter(Boolean).join(" · ");
  return make("li", {},
    make("div", { class: "what" }, make("strong", {}, one.title || one.name),
      make("span", { class: "facts" }, facts)),
    make("div", { class: "row" },
      make("button", { type: "button", "aria-label": say("openIt", { name: one.name }),
        on: { click: event => openPage({ library, id: one.id, name: one.name, page: 1 }, event.currentTarget) } }, say("open")),
      server.read_only ? null : make("button", { type: "button", class: "quiet", "aria-label": say("removeIt", { name: one.name }),
        on: { click: () => remove(one) } }, say("remove"))));
}

async function remove(one) {
  if (!await confirmed(say("removeTitle", { name: one.name }))) return;
  const entry = row(one.name);
  try {
    follow(await getJson(inLibrary(library, "documents", one.id), { method: "DELETE" }), entry);
  } catch (error) { fail(entry, error.message); }
}

function confirmed(title) {
  const dialog = byId("confirm-dialog");
  byId("confirm-title").textContent = title;
  dialog.returnValue = "";
  dialog.showModal();
  byId("confirm-no").focus();
  return new Promise(resolve => { dialog.onclose = () => resolve(dialog.returnValue === "yes"); });
}
byId("confirm-form").addEventListener("submit", event => { event.preventDefault(); byId("confirm-dialog").close("yes"); });
byId("confirm-no").addEventListener("click", () => byId("confirm-dialog").close("no"));

/** Make the line of a change. */
function row(name) {
  const entry = {
    name, state: make("span", { class: "facts" }), bar: make("progress", { max: "1", "aria-label": name }),
    stop: make("button", { type: "button", class: "quiet" }),
  };
  entry.line = make("li", {}, make("div", { class: "what" }, make("strong", {}, name), entry.state, entry.bar), entry.stop);
  byId("jobs").prepend(entry.line);
  setJobs();
  return entry;
}

const setJobs = () => { byId("jobs-part").hidden = !byId("jobs").childElementCount; };

function stoppable(entry, key, act) {
  entry.stop.replaceChildren(key === "cancel" ? say("cancel") : "✕");
  entry.stop.setAttribute("aria-label", say(`${key}It`, { name: entry.name }));
  entry.stop.onclick = act;
}

function show(entry, text, share) {
  entry.state.textContent = share === null || share === undefined ? text : `${text} · ${Math.round(share * 100)} %`;
  if (share === null || share === undefined) entry.bar.removeAttribute("value");
  else entry.bar.value = share;
}

function finish(entry, text, bad = false) {
  entry.bar.remove();
  entry.state.textContent = text;
  entry.line.classList.toggle("bad", bad);
  stoppable(entry, "dismiss", () => { entry.line.remove(); setJobs(); byId("files").focus(); });
  announce(`${entry.name}: ${text}`);
}

const fail = (entry, error) => finish(entry, say("failed", { error }), true);

/** Send files, one after the other: each is sent, then read in. */
export async function send(files) {
  const waiting = [...files].map(file => ({ file, entry: row(file.name) }));
  for (const { entry } of waiting) show(entry, say("waiting"));
  const to = library;
  for (const { file, entry } of waiting) {
    if (file.size > server.max_upload_bytes) {
      fail(entry, say("tooLarge", { n: Math.floor(server.max_upload_bytes / 2 ** 20) }));
      continue;
    }
    const sending = upload(to, file, share => show(entry, say("sending"), share));
    stoppable(entry, "cancel", sending.abort);
    show(entry, say("sending"), 0);
    try {
      follow(await sending.done, entry);
    } catch (error) {
      if (error.name === "AbortError") finish(entry, say("cancelled"));
      else fail(entry, error.message);
    }
  }
}

async function follow(job, entry) {
  if (followed.has(job.id)) return;
  followed.add(job.id);
  const path = inLibrary(job.library, "jobs", job.id);
  stoppable(entry, "cancel", () => getJson(path, { method: "DELETE" }).catch(error => announce(error.message)));
  let last = job;
  try {
    if (!FINISHED.includes(job.status)) for await (const { data } of events(`${path}/events`)) showJob(entry, last = data);
    if (!FINISHED.includes(last.status)) last = await getJson(path);
  } catch (error) {
    fail(entry, error.message);
    return;
  }
  finish(entry, outcome(last), last.status === "failed");
  if (last.status === "done" && job.library === library) changed(await list().catch(() => []));
}

function showJob(entry, job) {
  if (job.status === "waiting") show(entry, say("waiting"));
  else if (job.kind === "remove") show(entry, say("removing"));
  else show(entry, job.stage ? say(job.stage) : say("running"), job.stage ? job.share : null);
}

function outcome(job) {
  if (job.status === "cancelled") return say("cancelled");
  if (job.status === "failed") return say("failed", { error: job.error || job.result?.error || "" });
  if (job.kind === "remove") return say("removed");
  const result = job.result;
  if (!result) return say("added");
  return [say(result.status, result), result.status !== "unchanged" && result.pages ? say("pageCount", { n: result.pages }) : null,
    result.duplicate_of ? say("duplicate", { name: result.duplicate_of }) : null, ...result.warnings].filter(Boolean).join(" · ");
}

byId("files").addEventListener("change", event => { send(event.target.files); event.target.value = ""; });

const drop = byId("manuals");
drop.addEventListener("dragover", event => {
  if (!server || server.read_only) return;
  event.preventDefault();
  byId("upload").classList.add("over");
});
drop.addEventListener("dragleave", () => byId("upload").classList.remove("over"));
drop.addEventListener("drop", event => {
  event.preventDefault();
  byId("upload").classList.remove("over");
  if (server && !server.read_only) send(event.dataTransfer.files);
});
