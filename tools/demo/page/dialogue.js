// The requests and responses of a fetch, with their explanation, in a modal dialog.

import { byId, code, el, sentence } from "./dom.js";
import { describe } from "./outcome.js";

/** Opens the dialog. `use` is called with a changed policy. Closing returns the focus, as `<dialog>` does. */
export function openDialogue(result, use) {
  const dialog = byId("dialogue");
  const close = () => dialog.close();
  const { title, about, origin, error, dialogue } = result;
  const content = [
    el(
      "header",
      { class: "bar" },
      el("h2", { id: "dialogue-title" }, title),
      el("button", { type: "button", onclick: close, autofocus: true }, "Close"),
    ),
    about ? el("p", {}, ...code(about)) : null,
    error ? el("p", { class: "message bad" }, ...sentence(`There is no result: ${error}`)) : compared(result),
    ...(dialogue ? parts(dialogue, origin, (text) => (close(), use(text))) : []),
  ];
  dialog.replaceChildren(...content.filter(Boolean));
  dialog.showModal();
  dialog.scrollTop = 0;
}

function compared({ got, predicted, differing }) {
  const verdict = differing.length === 0 ? "= equal" : "≠ different";
  return el(
    "div",
    { class: "compared" },
    el(
      "dl",
      {},
      pair("The page got", got ? outcome(got) : "nothing: the request was predicted, not sent"),
      pair("Predicted", outcome(predicted)),
      got ? pair("Compared", el("strong", {}, verdict)) : null,
    ),
    differing.map((text) => el("p", { class: "message bad" }, ...code(text))),
    got?.body ? [el("h3", {}, "The body that the page read"), block([got.body])] : null,
  );
}

const pair = (term, description) => el("div", {}, el("dt", {}, term), el("dd", {}, description));

function outcome(it) {
  if (it.kind === "sent") return [el("strong", {}, describe(it)), `: ${sent(it)}`];
  if (it.kind === "open") return [el("strong", {}, describe(it)), ": the page can read and send messages"];
  if (it.kind === "refused") return [el("strong", {}, describe(it)), ": an error event without a reason, and no WebSocket"];
  if (it.kind === "blocked") {
    return [el("strong", {}, "blocked"), it.message ? `: the script gets only the error “${it.message}”` : ": no status, no header, no body"];
  }
  if (it.status === null) return [el("strong", {}, describe(it)), ": the framework’s own response"];
  const names = Object.keys(it.headers).sort();
  const headers = names.length > 0 ? `, with the headers ${names.join(", ")}` : ", without headers";
  return [el("strong", {}, describe(it)), headers];
}

/** What the page learns of a form, or what is predicted. */
function sent({ refused }) {
  if (refused === undefined) return "the page learns only that a document arrived";
  return refused ? `the server refuses it with ${refused}` : "the application handles it";
}

function parts({ call, notes, steps, engines, cause, policy, change }, origin, use) {
  return [
    section("What the page does", el("p", { class: "small" }, `on a page of ${origin}`), block([call]), el("p", { class: "small" }, "The model computes the following from this and the policy."), notes.map(paragraph)),
    cause ? section("Why it is blocked", reason(cause)) : null,
    policy ? section("The line of the policy", line(policy)) : null,
    change ? section("What would allow it", proposal(change, use)) : null,
    ...steps.map(step),
    section("What each browser does", el("ul", { class: "engines" }, engines.map(engine))),
  ].filter(Boolean);
}

function section(title, ...children) {
  return el("section", {}, el("h3", {}, ...code(title)), ...children);
}

const paragraph = (words) => el("p", {}, ...sentence(words));

function reason({ code: name, message, explanation, further, advice }) {
  return el(
    "div",
    {},
    el("p", {}, el("strong", {}, ...sentence(message)), " ", name ? el("code", {}, name) : null),
    [explanation, ...further, ...advice].filter(Boolean).map(paragraph),
  );
}

const block = (lines) => el("pre", { tabindex: "0" }, lines.map((text, index) => (index > 0 ? `\n${text}` : text)));

function step({ kind, title, sent, received, remark, checks }) {
  const [[method, url], ...lines] = sent;
  const node = section(
    title,
    el("h4", {}, "Sent"),
    block([`${method} ${url}`, ...lines.map(([name, value]) => `${name}: ${value}`)]),
    el("h4", {}, "Received"),
    received
      ? block([received.status, ...received.headers.map(([name, value]) => `${name}: ${value}`)])
      : el("p", {}, "No response."),
    remark ? paragraph(remark) : null,
    checks.length > 0 ? [el("h4", {}, "What the browser checks, in order"), el("ol", { class: "checks" }, checks.map(check))] : null,
  );
  node.dataset.step = kind;
  return node;
}

function check({ ok, text, href }) {
  return el(
    "li",
    { "data-ok": String(ok) },
    el("span", { class: ok ? "ok" : "failed" }, ok ? "✓ ok" : "✕ failed"),
    " ",
    el("span", {}, ...code(text)),
    " ",
    href ? el("a", { href, target: "_blank", rel: "noreferrer", "aria-label": `The standard on: ${text}` }, "standard ↗") : null,
  );
}

function engine({ name, verdict, console: lines }) {
  return el(
    "li",
    {},
    el("p", {}, el("strong", {}, name), ": ", ...code(verdict)),
    lines.length > 0 ? block(lines) : el("p", { class: "small" }, "Its console shows no message."),
  );
}

function line({ line: number, column, end, text }) {
  const characters = [...text];
  const [from, to] = [column - 1, end - 1];
  const part = (start, stop) => characters.slice(start, stop).join("");
  return el(
    "div",
    {},
    el("pre", { tabindex: "0" }, `${number}  ${part(0, from)}`, el("mark", {}, part(from, to)), part(to)),
  );
}

function proposal({ diff, text: changed, danger, in_page: inPage, warnings }, use) {
  const rows = diff.trimEnd().split("\n");
  const kinds = { "+": "added", "-": "removed" };
  const kind = (row) => (/^(\+\+\+|---|@@)/.test(row) ? "place" : kinds[row[0]]);
  return el(
    "div",
    {},
    danger ? el("p", { class: "message bad" }, "Warning: this needs the opt-in ", el("code", {}, danger), ".") : null,
    inPage ? el("p", {}, "The page has to be corrected, and the policy changed:") : null,
    el("pre", { class: "diff", tabindex: "0" }, rows.map((row) => el("span", { class: kind(row) }, `${row}\n`))),
    warnings.map((text) => el("p", { class: "message" }, "Warning: ", ...code(text), ".")),
    el("p", { class: "buttons" }, el("button", { type: "button", class: "main", onclick: () => use(changed) }, "Put this into the editor")),
  );
}
