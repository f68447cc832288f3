// The form for the visitor's own request.

import { predict } from "./api.js";
import { prepare } from "./attempt.js";
import { byId, code, el } from "./dom.js";
import { describe, differences } from "./outcome.js";
import { fresh } from "./send.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const PATHS = ["/echo", "/json", "/private", "/status/404", "/status/500", "/vary", "/own-cors", "/error", "/stream", "/nowhere"];

/** Sets the form up. `open` shows the explanation of a result. */
export function ownRequest({ frameworks, engine, compare }, sender, open) {
  const form = byId("request");
  const fields = form.elements;
  fields.origin[0].nextElementSibling.textContent = `this page, ${location.origin}`;
  fields.origin[1].nextElementSibling.textContent = `the other page, ${sender.other}`;
  fields.server.replaceChildren(...frameworks.map(({ title, url }) => el("option", { value: url }, title)));
  byId("paths").replaceChildren(...PATHS.map((value) => el("option", { value })));
  byId("methods").replaceChildren(...METHODS.map((value) => el("option", { value })));
  fields.any.addEventListener("input", () => {
    fields.origin[2].checked = true;
  });
  let result = null;
  let last = 0;
  const answer = byId("answer");
  const [said, why] = [answer.querySelector("p"), answer.querySelector("button")];
  why.addEventListener("click", () => open(result));

  const show = (state, text) => {
    answer.hidden = false;
    answer.dataset.state = state;
    said.replaceChildren(...code(text));
    why.hidden = state === "failed" || state === "sending";
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    show("sending", "Sending …");
    last += 1;
    const number = last;
    let news;
    try {
      const answered = await send(read(fields, sender), sender, engine, compare);
      news = [answered, ...verdict(answered)];
    } catch (error) {
      news = [null, "failed", `✕ ${error.message}`];
    }
    // Another request may have been sent in the meantime.
    if (number !== last) return;
    const [answered, ...what] = news;
    result = answered;
    show(...what);
  });
}

/** The request in the form. Throws what is wrong with it. */
function read(fields, sender) {
  const origin = { here: location.origin, there: sender.other, any: fields.any.value.trim() }[fields.origin.value];
  const url = fresh(fields.server.value, fields.path.value.trim());
  const request = {
    by: "fetch",
    method: fields.method.value.trim(),
    path: fields.path.value.trim(),
    headers: headers(fields.headers.value),
    credentials: fields.credentials.value,
    body: fields.body.value === "" ? null : fields.body.value,
  };
  // Rejects a request that no browser sends, even if it is only predicted.
  prepare(url, request);
  return { origin, url, request, title: `${request.method} ${request.path} (${fields.server.selectedOptions[0].textContent})` };
}

function headers(text) {
  const lines = text.split("\n").map((line, index) => [line.trim(), index + 1]);
  return lines.filter(([line]) => line !== "").map(([line, number]) => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`header line ${number} does not have the form \`name: value\``);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
}

async function send({ origin, url, request, title }, sender, engine, compare) {
  const [got, { outcome: predicted, dialogue }] = await Promise.all([
    sender.can(origin) ? sender.send(origin, url, request) : null,
    predict(origin, url, request, engine),
  ]);
  const differing = got ? differences(got, predicted, compare.headers) : [];
  return { title, origin, got, predicted, differing, dialogue };
}

/** A state, and the text to show. */
function verdict({ origin, got, predicted, differing }) {
  if (!got) {
    const would = predicted.kind === "blocked" ? "it would be blocked on" : `${describe(predicted)} on`;
    return ["modelled", `Predicted, nothing was sent: ${would} a page of ${origin}.`];
  }
  if (differing.length > 0) return ["differs", `≠ Sent from ${origin}. ${differing.join(" ")}`];
  return ["equal", `= Sent from ${origin}. ${got.kind === "blocked" ? "It was blocked" : `The page got ${describe(got)}`}, as predicted.`];
}
