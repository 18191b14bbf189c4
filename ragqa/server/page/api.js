// Speaks with the server: JSON, streams of events, uploads, the token. Knows nothing of what is shown.
import { say } from "./words.js";

/** An error of the server (RFC 9457): `message` is one line for a person, `code` and `status` for the program. */
export class Problem extends Error {
  constructor(detail, status = 0, code = "") {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

let askToken = null;
let signingIn = null;

/** Say what to do when the server wants a token: a function that resolves when it has been given. */
export function onToken(ask) { askToken = ask; }

async function problemOf(response) {
  try {
    const problem = await response.json();
    return new Problem(problem.detail || problem.title, response.status, problem.code);
  } catch {
    return new Problem(`${response.status} ${response.statusText}`.trim(), response.status);
  }
}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Problem(say("offline"));
  }
  if (response.status === 401 && askToken && !options.headers?.Authorization) {
    signingIn ??= askToken().finally(() => { signingIn = null; });
    await signingIn;
    return call(path, options);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Begin a session by the token: from then on a cookie, which no script can read, counts as the token. */
export const signIn = token => call("v1/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });

/** Return the JSON at `path`. Raises Problem. */
export async function getJson(path, options) { return (await call(path, options)).json(); }

/** Return the answer to `body`, posted as JSON. Raises Problem. */
export async function postJson(path, body) {
  const response = await call(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  return response.json();
}

/** Yield the events of a stream, `{event, data}`. Raises Problem; an abort is an AbortError. */
export async function* events(path, options = {}) {
  const headers = { Accept: "text/event-stream", ...options.headers };
  const response = await call(path, { ...options, headers });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop();
      for (const block of blocks) {
        const found = { event: "message", data: "" };
        for (const line of block.split(/\r?\n/)) {
          const at = line.indexOf(":");
          if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
        }
        if (found.data) yield { event: found.event, data: JSON.parse(found.data) };
      }
    }
  } catch (error) {
    throw error instanceof TypeError ? new Problem(say("cut")) : error;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Return the path of a library, or of what is below it. */
export const inLibrary = (library, ...parts) =>
  ["v1/libraries", ...[library, ...parts].map(encodeURIComponent)].join("/");

/** Send a file; `onShare` hears how much has gone, 0 to 1. Return `{done, abort}`: `done` resolves to the job. */
export function upload(library, file, onShare) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = event => event.lengthComputable && onShare(event.loaded / event.total);
    request.onerror = () => reject(new Problem(say("offline")));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    request.onload = () => {
      let body = {};
      try { body = JSON.parse(request.responseText); } catch { /* a proxy's own page */ }
      if (request.status < 300) resolve(body);
      else reject(new Problem(body.detail || request.statusText, request.status, body.code));
    };
    request.open("POST", `${inLibrary(library, "documents")}?name=${encodeURIComponent(file.name)}`);
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
