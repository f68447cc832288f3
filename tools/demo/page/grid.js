// The grid: a row for each scenario, a column for each server. Each cell is a real request, compared with its prediction.

import { predict } from "./api.js";
import { code, count, el } from "./dom.js";
import { describe, differences } from "./outcome.js";
import { fresh } from "./send.js";

/** How many requests are sent at the same time. A browser opens six connections to a host. */
const WIDTH = 12;

/** The kinds of outcomes, as the summary counts them. */
const KINDS = [
  ["readable", "readable"],
  ["blocked", "blocked"],
  ["open", "open WebSockets"],
  ["refused", "refused WebSockets"],
  ["sent", "sent forms"],
];

/** One cell, and its result. */
class Cell {
  constructor(scenario, framework, open) {
    this.scenario = scenario;
    this.framework = framework;
    this.title = `${scenario.title} (${framework.title})`;
    this.got = el("span", { class: "got" });
    this.predicted = el("span", { class: "predicted" });
    this.button = el(
      "button",
      {
        type: "button",
        class: "cell",
        "aria-haspopup": "dialog",
        "data-scenario": scenario.id,
        "data-framework": framework.name,
        onclick: () => this.result && open(this.result),
      },
      this.got,
      this.predicted,
    );
    this.wait();
  }

  wait() {
    this.result = null;
    delete this.button.dataset.refused;
    this.#show("waiting", "", ["…", ""], "waiting for the response");
  }

  /** Sends the request and asks for its prediction. Returns whether they are equal. */
  async run(sender, { engine, compare }, signal) {
    const { scenario, framework, title } = this;
    const { request } = scenario;
    const origin = scenario.origin === "refused" ? sender.refused : location.origin;
    const url = fresh(framework.url, request.path);
    try {
      const [got, { outcome: predicted, dialogue }] = await Promise.all([
        sender.send(origin, url, request, signal),
        predict(origin, url, request, engine, signal),
      ]);
      signal.throwIfAborted();
      const differing = differences(got, predicted, compare.headers);
      this.result = { title, about: about(scenario, predicted, dialogue), origin, got, predicted, differing, dialogue };
      const [is, should] = [describe(got), describe(predicted)];
      const equal = differing.length === 0;
      const hidden = equal && got.kind === "sent" ? handling(predicted) : "";
      if (hidden && predicted.refused) this.button.dataset.refused = "true";
      this.#show(
        equal ? "equal" : "differs",
        got.kind,
        [is, equal ? hidden : is === should ? "≠ other headers" : `≠ ${should} predicted`],
        `the page got ${is}, ${equal ? "as predicted" : `${should} was predicted`}${hidden && `; predicted for the server: ${hidden}`}. Show why`,
      );
      return equal;
    } catch (error) {
      signal.throwIfAborted();
      this.result = { title, about: scenario.about, origin, error: error.message };
      this.#show("failed", "", ["no result", "≠ open to see why"], `no result, ${error.message}`);
      return false;
    }
  }

  #show(state, got, [is, should], label) {
    Object.assign(this.button.dataset, { state, got });
    this.got.textContent = is;
    this.predicted.textContent = should;
    this.button.setAttribute("aria-label", `${this.title}: ${label}`);
  }
}

/** What a server does with a form. The page cannot see that, so it is shown as it is predicted. */
const handling = ({ refused }) => (refused ? `refused with ${refused}` : "application handles it");

/**
 * The description of a scenario. It is about the original policy and an allowed page, so with another result it would be
 * wrong.
 */
function about({ about: text, origin, request, blocked }, { kind }, { steps: [first], cause }) {
  const isAllowed = ([name]) => name.toLowerCase() === "access-control-allow-origin";
  if (origin === "here" && first?.received && !first.received.headers.some(isAllowed)) {
    return first.kind === "preflight"
      ? "This page’s origin is not in the policy, so the preflight fails and the browser does not send the request."
      : "The server responds, but this page’s origin is not in the policy, so the browser does not let the page read the response.";
  }
  // What happens to the others is in their descriptions.
  if (request.by !== "fetch" || (kind === "blocked") === blocked) return text;
  if (blocked) return "With this policy, the page can read the response.";
  return cause ? `With this policy, the browser blocks it: ${cause.message}.` : "With this policy, the browser blocks it.";
}

/** The table and its summary. */
export class Grid {
  #table;
  #summary;
  #sender;
  #cells;
  #rows;
  #run = new AbortController();

  constructor(table, summary, { scenarios, frameworks }, sender, open) {
    this.#table = table;
    this.#summary = summary;
    this.#sender = sender;
    const rows = scenarios.map((scenario) => ({
      scenario,
      cells: frameworks.map((framework) => new Cell(scenario, framework, open)),
    }));
    this.#rows = rows.map(({ scenario, cells }) => {
      const about = el("span", { class: "about" });
      return { scenario, cells, about, element: row(scenario, cells, about) };
    });
    this.#cells = rows.flatMap(({ cells }) => cells);
    // A style sheet can turn a table into cards. Without the roles, browsers then do not treat it as a table.
    const [head, body] = [table.tHead, table.tBodies[0]];
    head.replaceChildren(
      el(
        "tr",
        { role: "row" },
        el("th", { scope: "col", role: "columnheader" }, "Request"),
        frameworks.map(({ title }) => el("th", { scope: "col", role: "columnheader" }, title)),
      ),
    );
    body.replaceChildren(...this.#rows.map(({ element }) => element));
    this.#describe();
  }

  /** Shows the description of each row, which depends on its result, and whether its cells have one text. */
  #describe() {
    for (const { scenario, cells, about, element } of this.#rows) {
      // A narrow page shows such a row with its first cell alone.
      element.dataset.same = String(new Set(cells.map(({ button }) => button.textContent)).size === 1);
      const [result] = cells.map((cell) => cell.result).filter((result) => result?.dialogue);
      about.replaceChildren(...code(result?.about ?? scenario.about));
    }
  }

  /** Sends everything again. Returns whether every `fetch()` was blocked, or null if another run has begun. */
  async run(state) {
    this.#run.abort();
    this.#run = new AbortController();
    const { signal } = this.#run;
    const total = this.#cells.length;
    const { version } = state.policy;
    Object.assign(this.#table.dataset, { state: "running", version, equal: 0, total });
    this.#summary.dataset.state = "running";
    this.#summary.textContent = `Sending ${count(total, "request")} …`;
    for (const cell of this.#cells) cell.wait();

    let equal = 0;
    const waiting = [...this.#cells];
    const work = async () => {
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
        if (await cell.run(this.#sender, state, signal)) equal += 1;
      }
    };
    try {
      await Promise.all(Array.from({ length: WIDTH }, work));
    } catch (error) {
      // The next run shows its own results.
      if (signal.aborted) return null;
      throw error;
    }
    const kinds = this.#cells.map(({ button }) => button.dataset.got);
    const number = (kind) => kinds.filter((other) => other === kind).length;
    const readable = number("readable");
    this.#describe();
    const good = equal === total;
    Object.assign(this.#summary.dataset, { state: good ? "equal" : "differs", readable });
    const numbers = KINDS.map(([kind, text]) => [number(kind), text]).filter(([of]) => of > 0);
    this.#summary.textContent =
      `${good ? "" : "≠ "}${count(total, "request")}: ${numbers.map(([of, text]) => `${of} ${text}`).join(", ")}` +
      `${good ? ", all as predicted." : `. ${total - equal} results are not as predicted.`}`;
    Object.assign(this.#table.dataset, { state: "done", equal });
    return this.#cells.every(({ scenario, button }) => scenario.request.by !== "fetch" || button.dataset.got === "blocked");
  }
}

function call({ by, method, path, headers, credentials }) {
  if (by === "websocket") return `WebSocket ${path}`;
  if (by === "form") return `<form> ${method} ${path}`;
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const cookies = credentials === "include" ? ["with cookies"] : [];
  return [`${method} ${path}`, ...lines, ...cookies].join(", ");
}

function row({ title, request }, cells, about) {
  return el(
    "tr",
    { role: "row" },
    el(
      "th",
      { scope: "row", role: "rowheader" },
      el("span", { class: "title" }, title, " ", el("code", {}, call(request))),
      about,
    ),
    cells.map(({ framework, button }) =>
      // The title is for cards, which have no visible column header.
      el("td", { role: "cell", "data-title": framework.title }, button),
    ),
  );
}
