// The side of the hidden frame: it sends what the page around it asks for, and says what came of it.

import { state } from "./api.js";
import { attempt } from "./outcome.js";

const known = state();

addEventListener("message", async ({ origin, source, data, ports: [port] }) => {
  if (source !== parent || port === undefined) return;
  const { origins, frameworks } = await known;
  // Only the demo's other page may ask, and only for the demo's servers: on this origin there is also the API.
  if (origin === location.origin || !Object.values(origins).includes(origin)) return;
  try {
    if (!frameworks.some(({ url }) => new URL(url).origin === new URL(data.url).origin)) {
      throw new Error(`\`${data.url}\` is no server of the demo`);
    }
    port.postMessage({ outcome: await attempt(data.url, data.request) });
  } catch (error) {
    port.postMessage({ error: error.message });
  }
});
