// The set of origins that the policy names. A change is effective without a new policy.

import { changeSet } from "./api.js";
import { byId, el, sentence } from "./dom.js";

export class Origins {
  #changed;

  /** `proposed` is the origin in the input. `changed` is called after each change. */
  constructor(set, proposed, changed) {
    this.#changed = changed;
    const form = byId("set-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#change(form.elements.added.value.trim(), true);
    });
    form.elements.added.value = proposed;
    this.show(set);
  }

  /** Shows what is in the set. */
  show({ origins }) {
    const entry = (origin) =>
      el(
        "li",
        {},
        el("code", {}, origin),
        " ",
        el("button", { type: "button", onclick: () => this.#change(origin, false), "aria-label": `Remove ${origin}` }, "Remove"),
      );
    byId("set-list").replaceChildren(...origins.map(entry));
    byId("set-empty").hidden = origins.length > 0;
  }

  async #change(origin, add) {
    const [message, button] = [byId("set-said"), byId("set-add")];
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const say = (kind, ...text) => {
      message.dataset.kind = kind;
      message.replaceChildren(...text);
    };
    say("", "Waiting for the servers …");
    try {
      await changeSet(origin, add);
      say("good", `✓ ${add ? "Added" : "Removed"}: all four servers have the change.`);
      // The button that was clicked is gone.
      if (!add) byId("set-form").elements.added.focus();
    } catch (error) {
      say("bad", "✕ ", ...sentence(error.message));
      return;
    } finally {
      button.removeAttribute("aria-disabled");
    }
    this.#changed();
  }
}
