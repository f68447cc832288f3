// The real requests of a page: with `fetch()`, a form or a WebSocket.

import { el } from "./dom.js";

/** How long to wait for a response. */
const PATIENCE = 20_000;
/** How much of a body is shown. */
const EXCERPT = 500;

/** The request as `fetch()` would send it. Throws the errors that `fetch()` throws before it sends anything. */
export const prepare = (url, { method, headers, credentials, body }) =>
  new Request(url, { method, headers, credentials, body });

/** Sends a request, and returns its outcome. Throws if nothing was sent, or if the server did not respond. */
export async function attempt(url, request, signal) {
  const limit = AbortSignal.timeout(PATIENCE);
  const ways = { fetch: fetched, form: submitted, websocket: opened };
  try {
    return await ways[request.by](url, request, signal ? AbortSignal.any([signal, limit]) : limit);
  } catch (error) {
    if (error.name === "TimeoutError") throw new Error("the server did not respond");
    throw error;
  }
}

async function fetched(url, request, signal) {
  const prepared = prepare(url, request);
  let response;
  try {
    response = await fetch(prepared, { signal });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await answers(url);
    // A script learns nothing else.
    return { kind: "blocked", message: error.message };
  }
  // An unread body would keep its connection busy.
  const body = await response.text().catch(() => "");
  return {
    kind: "readable",
    type: response.type,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: body.slice(0, EXCERPT),
  };
}

/** Submits a form into a frame, so that this page stays. */
async function submitted(url, { body }, signal) {
  // The URL is unique.
  const frame = el("iframe", { name: url, title: "the response to a form", hidden: true });
  const fields = [...new URLSearchParams(body)].map(([name, value]) => el("input", { type: "hidden", name, value }));
  const form = el("form", { method: "post", action: url, target: url, hidden: true }, fields);
  document.body.append(frame, form);
  try {
    form.submit();
    // A new frame is empty, and some browsers report that as loaded. A document of another origin is hidden.
    do await first(frame, ["load"], signal);
    while (frame.contentDocument !== null);
  } finally {
    frame.remove();
    form.remove();
  }
  // The frame loads the browser's own error page, too.
  await answers(url);
  return { kind: "sent" };
}

/** Opens a WebSocket, and closes it. */
async function opened(url, _, signal) {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  try {
    const { type } = await first(socket, ["open", "error"], signal);
    if (type === "open") return { kind: "open" };
  } finally {
    socket.close();
  }
  await answers(url);
  // A script learns nothing else.
  return { kind: "refused" };
}

/** The next event with one of these names. */
function first(target, names, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    for (const name of names) target.addEventListener(name, resolve, { once: true });
  });
}

/** Throws if a server does not run, which a script cannot distinguish from a blocked request. */
async function answers(url) {
  try {
    await fetch(new URL("/", url), { mode: "no-cors", cache: "no-store" });
  } catch {
    throw new Error("the server does not respond");
  }
}
