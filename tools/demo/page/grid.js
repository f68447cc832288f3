// The grid: scenarios by servers, each cell a real request beside its prediction.

import { predict } from "./api.js";
import { code, count, el } from "./dom.js";
import { describe, differences } from "./outcome.js";
import { fresh } from "./send.js";

/** How many cells are under way at once. A browser opens six connections to a host. */
const WIDTH = 12;

/** One cell, and what was found out for it. */
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
    this.#show("waiting", "", ["…", ""], "waiting for the answer");
  }

  /** Sends the request, has it predicted, and compares. Returns whether they are equal. */
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
      this.result = { title, about: scenario.about, origin, got, predicted, differing, dialogue };
      const [is, should] = [describe(got), describe(predicted)];
      const equal = differing.length === 0;
      this.#show(
        equal ? "equal" : "differs",
        got.blocked ? "blocked" : "readable",
        [is, equal ? "= predicted" : is === should ? "≠ other headers" : `≠ ${should} predicted`],
        `the page got ${is}, predicted was ${should}, ${equal ? "equal" : "different"}. Show why`,
      );
      return equal;
    } catch (error) {
      signal.throwIfAborted();
      this.result = { title, about: scenario.about, origin, error: error.message };
      this.#show("failed", "", ["no result", "≠ open it"], `no result, ${error.message}`);
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

/** The table and its summary. */
export class Grid {
  #table;
  #summary;
  #sender;
  #cells;
  #run = new AbortController();

  constructor(table, summary, { scenarios, frameworks }, sender, open) {
    this.#table = table;
    this.#summary = summary;
    this.#sender = sender;
    const rows = scenarios.map((scenario) => ({
      scenario,
      cells: frameworks.map((framework) => new Cell(scenario, framework, open)),
    }));
    this.#cells = rows.flatMap(({ cells }) => cells);
    // Style sheets may turn a table into cards, and browsers then forget that it is a table, unless told.
    const [head, body] = [table.tHead, table.tBodies[0]];
    head.replaceChildren(
      el(
        "tr",
        { role: "row" },
        el("th", { scope: "col", role: "columnheader" }, "Request"),
        frameworks.map(({ title }) => el("th", { scope: "col", role: "columnheader" }, title)),
      ),
    );
    body.replaceChildren(...rows.map(row));
  }

  /** Sends everything again, and says how many cells are blocked; nothing where it is given up for another run. */
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
      // The run after this one shows what there is to show.
      if (signal.aborted) return null;
      throw error;
    }
    const number = (got) => this.#cells.filter(({ button }) => button.dataset.got === got).length;
    const [readable, blocked] = ["readable", "blocked"].map(number);
    const good = equal === total;
    this.#summary.dataset.state = good ? "equal" : "differs";
    this.#summary.textContent =
      `${good ? "=" : "≠"} ${equal} of ${total} cells: what the page got is what was predicted. ` +
      `${readable} could be read, ${blocked} were blocked.`;
    Object.assign(this.#table.dataset, { state: "done", equal });
    return { blocked, total };
  }
}

function call({ method, path, headers, credentials }) {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const cookies = credentials === "include" ? ["with cookies"] : [];
  return [`${method} ${path}`, ...lines, ...cookies].join(", ");
}

function row({ scenario: { title, about, request }, cells }) {
  return el(
    "tr",
    { role: "row" },
    el(
      "th",
      { scope: "row", role: "rowheader" },
      el("span", { class: "title" }, title, " ", el("code", {}, call(request))),
      el("span", { class: "about" }, ...code(about)),
    ),
    cells.map(({ framework, button }) =>
      // The title is for cards, which have no column header in sight.
      el("td", { role: "cell", "data-title": framework.title }, button),
    ),
  );
}
