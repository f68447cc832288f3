// Elements. Data becomes text and attributes, never markup.

/** An element: `el("p", { class: "small", onclick: f }, "text", child, null)`. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(key.slice("on".length), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Text in which what is in backticks is code. */
export function code(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? el("code", {}, part) : part));
}

/** The same as a sentence. Messages for a terminal begin in lower case and end without a full stop. */
export function sentence(text) {
  const [first = "", ...rest] = text.trim();
  return code(`${first.toUpperCase()}${rest.join("")}${/[.?!:]$/.test(text) ? "" : "."}`);
}

/** "1 error", "2 errors". */
export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
