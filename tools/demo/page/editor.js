// The editor of the policy: checked while one types, saved into the running servers.

import { check, save } from "./api.js";
import { byId, count, el, sentence } from "./dom.js";
import { mirror, moved, offsets, visible } from "./text.js";

/** How long one has to stop typing for the text to be checked. */
const PAUSE = 200;
/** The worst first. */
const LEVELS = ["error", "warning", "note"];
/** How many findings are shown. Nobody reads more, and they would take their time. */
const MOST = 100;

/** The textarea is transparent and lies on a mirror of its text, which is invisible but for the underlines. */
export class Editor {
  #area = byId("text");
  #policy;
  #swapped;
  #pause;
  #asked = new AbortController();
  /** The text that the places of the findings are in. */
  #text = "";
  #findings = [];

  /** `swapped` hears of each policy that is put in force. */
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

  /** Puts a text into the editor, and the keyboard with it. It is not saved. */
  put(text) {
    this.#area.value = text;
    this.#area.focus();
    this.#area.setSelectionRange(0, 0);
    this.#edited();
  }

  /** Somebody else put a policy in force. What is being edited here stays. */
  inForce(policy) {
    const untouched = this.#area.value === this.#policy.text;
    this.#policy = { ...policy };
    if (untouched) this.#area.value = policy.text;
    this.#edited();
  }

  #edited() {
    const { version, text } = this.#policy;
    byId("version").textContent = `version ${version} in force`;
    this.#area.dataset.state = "checking";
    this.#say("", this.#area.value === text ? "" : "Your changes are not saved.");
    // What was found stays with the text that it was found in, until there is news.
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
      if (!signal.aborted) byId("check").textContent = `It could not be checked: ${error.message}.`;
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
        const mistakes = count(findings.filter(({ level }) => level === "error").length, "mistake");
        this.#say("bad", `✕ Not saved: ${mistakes}. Nothing has changed, version ${this.#policy.version} stays in force.`);
        return;
      }
      Object.assign(this.#policy, { text, version });
      byId("version").textContent = `version ${version} in force`;
      this.#say("good", `✓ Saved: version ${version} is in force in all four servers.`);
      this.#swapped(this.#policy);
    } catch (error) {
      this.#say("bad", `✕ Not saved: ${error.message}.`);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  #say(kind, text) {
    const message = byId("saved");
    // The same again would be read aloud again.
    if (message.textContent === text) return;
    message.dataset.kind = kind;
    message.textContent = text;
  }

  /** Shows what was found in a text, if that is still what is there. */
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
    const rest = findings.length > MOST ? ` Shown are the first ${MOST}.` : "";
    byId("check").textContent = said.length > 0 ? `Checked: ${said.join(", ")}.${rest}` : "Checked: nothing to say against it.";
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
    // Its place was edited meanwhile; the next check says what is to be said now.
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
