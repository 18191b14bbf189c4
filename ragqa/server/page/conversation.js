// Questions and answers: asks, shows the answer as it is written, keeps the conversation in this tab.
import { events, inLibrary, Problem } from "./api.js";
import { drawAnswer, drawPiece, drawProblem } from "./answer.js";
import { announce, byId, keep, make } from "./dom.js";
import { say } from "./words.js";

const MOST_KEPT = 30;
const MOST_SENT = 10;

/** Of the library that is asked: {question, document, answer}, oldest first. Only whole answers are kept. */
let turns = [];
let library = null;
let readOnly = false;
let running = null;

const place = () => `conversation.${library}`;

/** Ask `name` from now on; its conversation in this tab is shown again. */
export function useLibrary(name, changesNothing) {
  running?.abort();
  library = name;
  readOnly = changesNothing;
  turns = keep.read(sessionStorage, place()) || [];
  redraw();
}

/** Draw the conversation anew, as in another language. */
export function redraw() {
  if (running) return;
  byId("turns").replaceChildren(...turns.map(one => {
    const article = frame(one.question);
    drawAnswer(article.lastChild, one, { library, readOnly });
    return article;
  }));
  setState();
}

/** Forget the conversation of this library. */
export function clear() {
  running?.abort();
  turns = [];
  keep.write(sessionStorage, place(), turns);
  byId("turns").replaceChildren();
  setState();
  announce(say("cleared"));
  byId("question").focus();
}

/** Return the last question that was answered, or null. */
export const lastQuestion = () => turns.at(-1)?.question ?? null;

function setState() {
  const any = byId("turns").childElementCount > 0;
  byId("welcome").hidden = any;
  byId("clear").hidden = !any;
  byId("question").placeholder = say(any ? "followUp" : "yourQuestion");
}

function frame(question) {
  return make("article", { "aria-label": say("answerTo", { question }) },
    make("h2", { class: "question" }, question), make("div", { class: "answer" }));
}

/** Ask; resolves when the answer stands there, to true, or when it failed or was stopped, to false. */
export async function ask(question, { document: only = null, alone = false } = {}) {
  running?.abort();
  const asked = library;
  const stop = running = new AbortController();
  const article = frame(question);
  const body = article.lastChild;
  byId("turns").append(article);
  setState();
  setRunning(true);
  article.setAttribute("aria-busy", "true");
  body.append(make("p", { class: "searching" }, say("searching")));
  announce(say("searching"));
  article.scrollIntoView({ block: "start" });
  const history = alone ? [] : turns.slice(-MOST_SENT).map(one => ({ question: one.question, answer: one.answer.answer }));
  try {
    const answer = await read(question, only, history, body, stop.signal);
    if (library !== asked) return false;
    const turn = { question, document: only, answer };
    turns = [...turns, turn].slice(-MOST_KEPT);
    keep.write(sessionStorage, place(), turns);
    drawAnswer(body, turn, { library, readOnly });
    announce(body.querySelector(".text").textContent);
    return true;
  } catch (error) {
    if (error.name === "AbortError") body.replaceChildren(make("p", { class: "facts" }, say("stopped")));
    else {
      drawProblem(body, error.message, () => { article.remove(); ask(question, { document: only, alone }); });
    }
    return false;
  } finally {
    article.removeAttribute("aria-busy");
    if (running === stop) {
      running = null;
      setRunning(false);
    }
  }
}

async function read(question, only, history, body, signal) {
  let text = "";
  const stream = events(inLibrary(library, "ask"), {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ question, history, document: only }),
  });
  for await (const { event, data } of stream) {
    if (event === "text") drawPiece(body, text += data.text);
    else if (event === "answer") return data;
    else if (event === "error") throw new Problem(data.detail, data.status, data.code);
  }
  throw new Problem(say("cut"));
}

function setRunning(on) {
  byId("stop").hidden = !on;
  byId("send").hidden = on;
}

/** Stop the answer that is being written. */
export function stop() {
  running?.abort();
  byId("question").focus();
}
