// Starts the page: libraries, views, language, theme, token, and addresses (#library=…&question=…&document=…&page=…).
import { getJson, onToken, signIn } from "./api.js";
import * as conversation from "./conversation.js";
import { byId, keep, make } from "./dom.js";
import * as manuals from "./manuals.js";
import { openPage, redrawPage, closePage } from "./viewer.js";
import { fillWords, language, say, sayManuals } from "./words.js";

let server = null;
let library = null;
let documents = [];

// Language and theme

function setLanguage() {
  fillWords();
  byId("language").lang = language() === "zh" ? "en" : "zh";
  showDocuments();
  conversation.redraw();
  redrawPage();
  if (server && library) manuals.list().catch(() => {});
}

byId("language").addEventListener("click", () => {
  document.documentElement.lang = language() === "zh" ? "en" : "zh";
  keep.write(localStorage, "language", language());
  setLanguage();
});

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (systemDark.matches ? "dark" : "light")) === "dark";
const showTheme = () => byId("theme").setAttribute("aria-pressed", String(isDark()));
systemDark.addEventListener("change", showTheme);
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  keep.write(localStorage, "theme", document.documentElement.dataset.theme);
  showTheme();
});

// Views

function show(view) {
  for (const one of ["ask", "manuals"]) {
    byId(one).hidden = one !== view;
    byId(`show-${one}`).toggleAttribute("aria-current", false);
  }
  byId(`show-${view}`).setAttribute("aria-current", "page");
}
byId("show-ask").addEventListener("click", () => { show("ask"); byId("question").focus(); });
byId("show-manuals").addEventListener("click", () => show("manuals"));
byId("skip").addEventListener("click", event => { event.preventDefault(); show("ask"); byId("question").focus(); });

// Libraries

function showDocuments() {
  const text = !server ? "" : !library ? say("noLibraries") : documents.length
    ? say("welcomeText", { documents: sayManuals(documents.length) }) : say("emptyLibrary");
  byId("welcome-text").textContent = text;
  const scope = byId("scope");
  const chosen = scope.value;
  scope.replaceChildren(make("option", { value: "" }, say("allManuals")),
    ...documents.map(one => make("option", { value: one.name }, one.title || one.name)));
  scope.value = documents.some(one => one.name === chosen) ? chosen : "";
  byId("scope-choice").hidden = documents.length < 2;
}

async function useLibrary(name) {
  library = name;
  byId("library").value = name;
  closePage();
  conversation.useLibrary(name, server.read_only);
  documents = [];
  const now = await manuals.useLibrary(name, server, changed => { documents = changed; showDocuments(); });
  if (name !== library) return;
  documents = now;
  showDocuments();
}

byId("library").addEventListener("change", event => useLibrary(event.target.value).catch(showError));

function showError(error) {
  byId("welcome").hidden = false;
  byId("welcome-text").replaceChildren(make("span", { class: "error", role: "alert" }, error.message));
}

// Asking

const field = byId("question");
const grow = () => {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
};
field.addEventListener("input", grow);
field.addEventListener("keydown", event => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("form").requestSubmit();
});
byId("form").addEventListener("submit", event => {
  event.preventDefault();
  const question = field.value.trim();
  if (!question || !library) { field.focus(); return; }
  field.value = "";
  grow();
  if (location.hash) history.replaceState(null, "", location.pathname);
  conversation.ask(question, { document: byId("scope").value || null });
});
byId("stop").addEventListener("click", conversation.stop);
byId("clear").addEventListener("click", conversation.clear);

// Token

onToken(() => new Promise(resolve => {
  const dialog = byId("token-dialog");
  byId("token-error").textContent = "";
  byId("token-form").onsubmit = async event => {
    event.preventDefault();
    try {
      await signIn(byId("token").value.trim());
      byId("token").value = "";
      dialog.close();
      resolve();
    } catch (error) {
      byId("token-error").textContent = error.status === 401 ? say("wrongToken") : error.message;
      byId("token").select();
    }
  };
  dialog.oncancel = event => event.preventDefault();
  dialog.showModal();
}));

// Addresses

async function followAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const name = asked.get("library");
  if (name && name !== library) {
    const missing = !server.libraries.some(one => one.name === name);
    if (missing) throw new Error(say("unknownLibrary", { name, other: library }));
    await useLibrary(name);
  }
  const question = asked.get("question");
  if (!library || (!question && !asked.get("document"))) return;
  show("ask");
  if (question && question !== conversation.lastQuestion()) {
    await conversation.ask(question, { document: asked.get("only"), alone: true });
  }
  if (!asked.get("document")) return;
  const number = key => (asked.has(key) ? Number(asked.get(key)) || 0 : null);
  await openPage({
    library, id: asked.get("document"), page: number("page") || 1, pageEnd: number("end_page"), start: number("start"), end: number("end"),
  }, field);
}
addEventListener("hashchange", () => followAddress().catch(showError));

async function start() {
  showTheme();
  setLanguage();
  try {
    server = await getJson("v1/libraries");
    byId("library").replaceChildren(...server.libraries.map(one => make("option", { value: one.name }, one.name)));
    byId("library-choice").hidden = server.libraries.length < 2;
    const named = new URLSearchParams(location.hash.slice(1)).get("library");
    const has = name => server.libraries.some(one => one.name === name);
    const first = has(named) ? named : has(server.default) ? server.default : server.libraries[0]?.name;
    if (first) await useLibrary(first);
    else showDocuments();
    if (named && first && named !== first) throw new Error(say("unknownLibrary", { name: named, other: first }));
    if (matchMedia("(min-width: 60rem)").matches) field.focus();
    await followAddress();
  } catch (error) { showError(error); }
  document.documentElement.dataset.ready = "yes";
}
start();
