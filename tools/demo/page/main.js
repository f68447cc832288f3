// The page: loads the state, and connects its parts.

import { state } from "./api.js";
import { openDialogue } from "./dialogue.js";
import { byId, el } from "./dom.js";
import { Editor } from "./editor.js";
import { Grid } from "./grid.js";
import { Origins } from "./origins.js";
import { ownRequest } from "./request.js";
import { Sender } from "./send.js";

await guarded(start);

/** Runs a function, and shows an error if it fails. */
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    byId("summary").dataset.state = "differs";
    byId("summary").textContent = `≠ There are no results: ${error.message}.`;
  }
}

async function start() {
  let now = await state();
  const sender = new Sender(now.origins);
  introduce(now.page, sender.other);
  const open = (result) => openDialogue(result, (text) => editor.put(text));
  const grid = new Grid(byId("grid"), byId("summary"), now, sender, open);
  const editor = new Editor(now.policy, (policy) => {
    now = { ...now, policy };
    guarded(run);
  });
  ownRequest(now, sender, open);
  const origins = new Origins(now.set, now.origins.refused, () => guarded(() => look(false)));
  const run = async () => {
    byId("changed").hidden = now.policy.text === now.policy.original && now.set.origins.length === 0;
    const blocked = await grid.run(now);
    // An edit can allow this page's origin, or remove it.
    if (blocked !== null) byId("banner").hidden = !blocked;
  };

  byId("results-title").textContent = `${now.scenarios.length} requests, ${now.frameworks.length} servers`;
  byId("rules").textContent =
    `The prediction is for ${now.engine}. A result differs if it is of another kind than predicted, such as blocked instead of readable, ` +
    `if the status differs, or if the page can read others of these headers: ${now.compare.headers.join(", ")}.`;
  const look = async (always) => {
    const before = now.policy.version;
    now = await state();
    origins.show(now.set);
    if (now.policy.version !== before) editor.replaced(now.policy);
    if (always || now.policy.version !== before) await run();
  };
  byId("again").addEventListener("click", () => guarded(() => look(true)));
  // The other page may have saved another policy in the meantime.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") guarded(() => look(false));
  });
  await run();
}

function introduce(page, other) {
  const link = () => el("a", { href: other }, other);
  byId("here").textContent = location.origin;
  byId("other").append("The same page at an origin that the policy does not allow: ", link(), ".");
  byId("banner").append(
    el("strong", {}, "This page’s origin is not in the policy. "),
    `The policy does not allow ${location.origin}, so the page can read no response to its `,
    el("code", {}, "fetch()"),
    " calls below.",
  );
  if (page === "refused") {
    byId("banner").append(" Compare it with the page that is allowed: ", link(), ".");
  }
  byId("banner").hidden = page !== "refused";
}
