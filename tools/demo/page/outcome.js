// The outcome of a fetch for a script, and its comparison with the prediction.
//
// An outcome is `{blocked: true}` or `{blocked: false, status, headers}`. A predicted status is null if each framework
// responds with a status of its own.

/** How long to wait for a response. */
const PATIENCE = 20_000;
/** How much of a body is shown. */
const EXCERPT = 500;

/** The request as `fetch()` would send it. Throws the errors that `fetch()` throws before it sends anything. */
export const prepare = (url, { method, headers, credentials, body }) =>
  new Request(url, { method, headers, credentials, body });

/** Fetches, and returns the outcome. Throws if nothing was sent, or if the server did not respond. */
export async function attempt(url, request, signal) {
  const prepared = prepare(url, request);
  const limit = AbortSignal.timeout(PATIENCE);
  let response;
  try {
    response = await fetch(prepared, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (error instanceof TypeError) {
      await answers(url);
      // A script learns nothing else.
      return { blocked: true, message: error.message };
    }
    if (error.name === "TimeoutError") throw new Error("the server did not respond");
    throw error;
  }
  // An unread body would keep its connection busy.
  const body = await response.text().catch(() => "");
  return {
    blocked: false,
    type: response.type,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: body.slice(0, EXCERPT),
  };
}

/** Throws if a server does not run, which a script cannot distinguish from a blocked request. */
async function answers(url) {
  try {
    await fetch(new URL("/", url), { mode: "no-cors", cache: "no-store" });
  } catch {
    throw new Error("the server does not respond");
  }
}

/** An outcome in a word or two. */
export const describe = (outcome) => (outcome.blocked ? "blocked" : `${outcome.status ?? ""} readable`.trim());

/**
 * The differences between an outcome and its prediction, as sentences; none if they are equal. Of the headers, only those in
 * `names` are compared, by whether the script can read them: frameworks add others of their own, such as `date`.
 */
export function differences(got, predicted, names) {
  if (got.blocked || predicted.blocked) {
    if (got.blocked === predicted.blocked) return [];
    return [`The page got: ${describe(got)}. Expected: ${describe(predicted)}.`];
  }
  const differing = [];
  // The framework's own response, about which nothing is predicted.
  if (predicted.status === null) return [];
  if (got.status !== predicted.status) {
    differing.push(`The page got the status ${got.status}. Expected: ${predicted.status}.`);
  }
  for (const name of names) {
    const [is, should] = [got, predicted].map((outcome) => name in outcome.headers);
    if (is !== should) {
      differing.push(`The page ${is ? "can" : "cannot"} read \`${name}\`. Expected: it ${should ? "can" : "cannot"}.`);
    }
  }
  return differing;
}
