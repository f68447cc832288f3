// Sends requests from this page, or from a hidden frame of the other origin.

import { attempt } from "./attempt.js";
import { el } from "./dom.js";

/** How long to wait for a frame. Its own limit for a server is shorter. */
const PATIENCE = 30_000;

let number = 0;
const run = Date.now().toString(36);

/**
 * The URL with a query that was never used before. A browser caches the preflight of a URL for `max_age`, and would not
 * send it again after the policy has changed.
 */
export function fresh(base, path) {
  const url = new URL(path, base);
  if (url.origin !== new URL(base).origin) throw new Error(`\`${path}\` is not a path`);
  number += 1;
  url.searchParams.append("run", `${run}-${number}`);
  return url.href;
}

/** Sends real requests, from the demo's two origins. */
export class Sender {
  #frame = null;
  #other;
  #refused;

  constructor(origins) {
    this.#refused = origins.refused;
    this.#other = Object.values(origins).find((origin) => origin !== location.origin);
  }

  /** The origin that the policy does not allow. */
  get refused() {
    return this.#refused;
  }

  /** The origin of the other page. */
  get other() {
    return this.#other;
  }

  /** Whether requests can be sent from this origin. */
  can(origin) {
    return origin === location.origin || origin === this.#other;
  }

  /** Sends a request from an origin, and returns its outcome. */
  async send(origin, url, request, signal) {
    if (origin === location.origin) return attempt(url, request, signal);
    this.#frame ??= this.#open();
    return ask(await this.#frame, this.#other, { url, request }, signal);
  }

  #open() {
    return new Promise((resolve) => {
      const frame = el("iframe", { src: `${this.#other}/frame.html`, title: "the other page", hidden: true });
      frame.addEventListener("load", () => resolve(frame.contentWindow), { once: true });
      document.body.append(frame);
    });
  }
}

/** Sends a message to a frame, and waits for its answer. */
function ask(frame, origin, message, signal) {
  return new Promise((resolve, reject) => {
    const channel = new MessageChannel();
    const end = (settle, value) => {
      clearTimeout(timer);
      channel.port1.close();
      settle(value);
    };
    const timer = setTimeout(() => end(reject, new Error("the other page does not respond")), PATIENCE);
    signal?.addEventListener("abort", () => end(reject, signal.reason), { once: true });
    channel.port1.onmessage = ({ data }) => {
      if (data.error === undefined) end(resolve, data.outcome);
      else end(reject, new Error(data.error));
    };
    frame.postMessage(message, origin, [channel.port2]);
  });
}
