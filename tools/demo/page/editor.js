// The editor of the policy. It checks the text while it is edited, and saves it to the running servers.

import { check, save } from "./api.js";
import { byId, count, el, sentence } from "./dom.js";
import { mirror, moved, offsets, visible } from "./text.js";

/** The pause in typing after which the text is checked. */
const PAUSE = 200;
/** The worst first. */
const LEVELS = ["error", "warning", "note"];
/** How many findings are shown. More would take long to show. */
const MOST = 100;

/** The textarea is transparent, and is over a mirror of its text that shows only the underlines. */
export class Editor {
  #area = byId("text");
  #policy;
  #swapped;
  #pause;
  #asked = new AbortController();
  /** The text to which the positions of the findings belong. */
  #text = "";
  #findings = [];

  /** `swapped` is called with each new policy. */
  constructor(policy, swapped) {
    this.#policy = { ...policy };
    this.#swapped = swapped;
    this.#area.addEventListener("input", () => this.#edited());
    byId("save").addEventListener("click", () => this.#save());
    byId("reset").addEventListener("click", () => this.put(this.#policy.original));
    byId("policy").addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
        event.preventDefault();
        this.#save();
      }
    });
    this.#area.value = policy.text;
    this.#edited();
  }

  /** Puts a text into the editor, and moves the focus there. Does not save it. */
  put(text) {
    this.#area.value = text;
    this.#area.focus();
    this.#area.setSelectionRange(0, 0);
    this.#edited();
  }

  /** Another page saved a policy. A text that is being edited here stays. */
  replaced(policy) {
    const untouched = this.#area.value === this.#policy.text;
    this.#policy = { ...policy };
    if (untouched) this.#area.value = policy.text;
    this.#edited();
  }

  #edited() {
    const { version, text } = this.#policy;
    byId("version").textContent = `version ${version}`;
    this.#area.dataset.state = "checking";
    this.#say("", this.#area.value === text ? "" : "Your changes are not saved.");
    // The findings move with their text until the next check.
    const now = this.#area.value;
    const follow = moved(this.#text, now);
    this.#findings = this.#findings.map((finding) => ({ ...finding, place: follow(finding.place), use: follow(finding.use) }));
    this.#text = now;
    this.#underline();
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#check(), PAUSE);
  }

  async #check() {
    this.#asked.abort();
    this.#asked = new AbortController();
    const [{ signal }, text] = [this.#asked, this.#area.value];
    try {
      this.#show(await check(text, signal), text);
    } catch (error) {
      if (!signal.aborted) byId("check").textContent = `The check failed: ${error.message}.`;
    }
  }

  async #save() {
    const [button, text] = [byId("save"), this.#area.value];
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    this.#say("", "Saving …");
    try {
      const { version, findings } = await save(text);
      this.#show(findings, text);
      if (version === undefined) {
        const errors = count(findings.filter(({ level }) => level === "error").length, "error");
        this.#say("bad", `✕ Not saved: ${errors}. The servers still use version ${this.#policy.version}.`);
        return;
      }
      Object.assign(this.#policy, { text, version });
      byId("version").textContent = `version ${version}`;
      this.#say("good", `✓ Saved: all four servers use version ${version}.`);
      this.#swapped(this.#policy);
    } catch (error) {
      this.#say("bad", `✕ Not saved: ${error.message}.`);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  #say(kind, text) {
    const message = byId("saved");
    // A screen reader would read the same text again.
    if (message.textContent === text) return;
    message.dataset.kind = kind;
    message.textContent = text;
  }

  /** Shows the findings in a text, if it is still the current text. */
  #show(findings, text) {
    if (this.#area.value !== text) return;
    clearTimeout(this.#pause);
    const offset = offsets(text);
    const range = ({ start, end }) => ({ from: offset(start), to: offset(end) });
    this.#findings = findings.slice(0, MOST).map((finding) => {
      const { suggestion } = finding;
      const place = visible(text, range(finding));
      return { ...finding, place, use: suggestion && { ...range(suggestion), text: suggestion.replacement } };
    });
    const numbers = LEVELS.map((level) => [findings.filter((finding) => finding.level === level).length, level]);
    const said = numbers.filter(([number]) => number > 0).map(([number, level]) => count(number, level));
    const rest = findings.length > MOST ? ` The first ${MOST} are shown.` : "";
    byId("check").textContent = said.length > 0 ? `Checked: ${said.join(", ")}.${rest}` : "Checked: no errors or warnings.";
    byId("findings").replaceChildren(...this.#findings.map((finding, index) => this.#entry(finding, index)));
    this.#underline();
    this.#area.setAttribute("aria-invalid", String(numbers[0][0] > 0));
    this.#area.dataset.state = "checked";
  }

  #entry({ level, code, title, explanation, help, start, use }, index) {
    const where = `line ${start.line}`;
    return el(
      "li",
      { class: level, "data-code": code, "data-line": start.line, "data-column": start.column },
      el(
        "p",
        {},
        el("strong", {}, level),
        " ",
        el("code", {}, code),
        " ",
        el("button", { type: "button", class: "link", onclick: () => this.#select(index), "aria-label": `Go to ${where}, column ${start.column}` }, where),
      ),
      el("p", {}, ...sentence(title)),
      explanation ? el("p", { class: "small" }, ...sentence(explanation)) : null,
      help ? el("p", { class: "small" }, ...sentence(help)) : null,
      use ? suggestion(use.text, () => this.#use(index)) : null,
    );
  }

  #select(index) {
    const { place } = this.#findings[index];
    this.#area.focus();
    if (place) this.#area.setSelectionRange(place.from, place.to);
  }

  #use(index) {
    const { use } = this.#findings[index];
    this.#area.focus();
    // Its place was edited in the meantime; the next check will report again.
    if (!use) return;
    this.#area.setRangeText(use.text, use.from, use.to, "select");
    this.#edited();
  }

  #underline() {
    const found = this.#findings.filter(({ place }) => place).map(({ place, level }) => ({ ...place, level }));
    byId("mirror").replaceChildren(...mirror(this.#text, found, LEVELS));
  }
}

const suggestion = (text, use) =>
  el(
    "p",
    { class: "suggestion" },
    ...(text === "" ? ["Remove it."] : ["Write ", el("code", {}, text)]),
    " ",
    el("button", { type: "button", onclick: use, "aria-label": text === "" ? "Use it: remove it" : `Use it: ${text}` }, "Use it"),
  );
