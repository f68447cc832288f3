// The script of the hidden frame: it sends requests for the page around it, and returns the results.

import { state } from "./api.js";
import { attempt } from "./attempt.js";

const known = state();

addEventListener("message", async ({ origin, source, data, ports: [port] }) => {
  if (source !== parent || port === undefined) return;
  const { origins, frameworks } = await known;
  // Only for the demo's other page, and only to the demo's servers: this origin also has the API.
  if (origin === location.origin || !Object.values(origins).includes(origin)) return;
  try {
    if (!frameworks.some(({ url }) => new URL(url).origin === new URL(data.url).origin)) {
      throw new Error(`\`${data.url}\` is not a server of the demo`);
    }
    port.postMessage({ outcome: await attempt(data.url, data.request) });
  } catch (error) {
    port.postMessage({ error: error.message });
  }
});
