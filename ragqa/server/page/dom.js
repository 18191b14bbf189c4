// Makes elements. Text is always a text node: nothing of a manual or a model is ever read as HTML.

/** Return an element: `make("button", {class: "quiet", on: {click}}, "Text", child)`. `null` children are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

/** Return the element with an id of index.html. */
export const byId = id => document.getElementById(id);

/** Have a screen reader say `text`. */
export function announce(text) {
  const status = byId("status");
  status.textContent = "";
  setTimeout(() => { status.textContent = text; }, 50);
}

/** What the browser keeps; where it keeps nothing (private windows, no room left) the page works on without. */
export const keep = {
  read(store, name) {
    try { return JSON.parse(store.getItem(`ragqa.${name}`)); } catch { return null; }
  },
  write(store, name, value) {
    try { store.setItem(`ragqa.${name}`, JSON.stringify(value)); } catch { /* see above */ }
  },
};
