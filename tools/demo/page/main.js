// The page: asks what there is, and puts its parts together.

import { state } from "./api.js";
import { openDialogue } from "./dialogue.js";
import { byId, el } from "./dom.js";
import { Editor } from "./editor.js";
import { Grid } from "./grid.js";
import { ownRequest } from "./request.js";
import { Sender } from "./send.js";

await guarded(start);

/** Does something, and says so where it fails. */
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    byId("summary").dataset.state = "differs";
    byId("summary").textContent = `≠ There is nothing to show: ${error.message}.`;
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
  const run = async () => {
    byId("changed").hidden = now.policy.text === now.policy.original;
    const done = await grid.run(now);
    // An edit may let this page in, or shut it out.
    if (done) byId("banner").hidden = done.blocked < done.total;
  };

  byId("results-title").textContent = `${now.scenarios.length} requests, ${now.frameworks.length} servers`;
  byId("rules").textContent =
    `Equal means: blocked in both or in neither, the same status, and the same of these headers readable: ${now.compare.headers.join(", ")}. ` +
    `The model is that of ${now.engine}.`;
  const look = async (always) => {
    const before = now.policy.version;
    now = await state();
    if (now.policy.version !== before) editor.inForce(now.policy);
    if (always || now.policy.version !== before) await run();
  };
  byId("again").addEventListener("click", () => guarded(() => look(true)));
  // The other page may have saved another policy meanwhile.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") guarded(() => look(false));
  });
  await run();
}

function introduce(page, other) {
  const link = () => el("a", { href: other }, other);
  byId("here").textContent = location.origin;
  byId("other").append("To compare, here is the same page from another origin: ", link(), ".");
  byId("banner").append(
    el("strong", {}, "This page’s origin is not in the policy. "),
    `The servers do not allow ${location.origin}, so the browser blocks every request below.`,
  );
  if (page === "refused") {
    byId("banner").append(" What is said of each is true of the page that is allowed: ", link(), ".");
  }
  byId("banner").hidden = page !== "refused";
}
