// What a script gets of a fetch, and whether that is what was predicted.
//
// An outcome is `{blocked: true}` or `{blocked: false, status, headers}`. A predicted status is null where the frameworks'
// own answers differ.

/** How long to wait for a server that says nothing. */
const PATIENCE = 20_000;
/** How much of a body is shown. */
const EXCERPT = 500;

/** The request as `fetch()` would send it. Throws what `fetch()` would throw without trying. */
export const prepare = (url, { method, headers, credentials, body }) =>
  new Request(url, { method, headers, credentials, body });

/** Fetches, and says what came of it. Throws if it was not tried, or if there was no answer to judge. */
export async function attempt(url, request, signal) {
  const prepared = prepare(url, request);
  const limit = AbortSignal.timeout(PATIENCE);
  let response;
  try {
    response = await fetch(prepared, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (error instanceof TypeError) {
      await answers(url);
      // All that a script ever learns.
      return { blocked: true, message: error.message };
    }
    if (error.name === "TimeoutError") throw new Error("the server did not answer");
    throw error;
  }
  // An unread body would occupy its connection.
  const body = await response.text().catch(() => "");
  return {
    blocked: false,
    type: response.type,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: body.slice(0, EXCERPT),
  };
}

/** Throws if a server is not there at all, which a script cannot tell from being blocked. */
async function answers(url) {
  try {
    await fetch(new URL("/", url), { mode: "no-cors", cache: "no-store" });
  } catch {
    throw new Error("the server does not answer");
  }
}

/** In a word or two. */
export const describe = (outcome) => (outcome.blocked ? "blocked" : `${outcome.status ?? ""} readable`.trim());

/**
 * What differs between two outcomes, as sentences; none if they are equal. Of the headers it looks at those in `names`, and
 * whether the script can read them: what a framework adds of its own, such as `date`, no policy knows.
 */
export function differences(got, predicted, names) {
  if (got.blocked || predicted.blocked) {
    if (got.blocked === predicted.blocked) return [];
    return [`The page got: ${describe(got)}. Predicted was: ${describe(predicted)}.`];
  }
  const differing = [];
  // The framework's own answer, of which nothing is known.
  if (predicted.status === null) return [];
  if (got.status !== predicted.status) {
    differing.push(`The page got the status ${got.status}. Predicted was ${predicted.status}.`);
  }
  for (const name of names) {
    const [is, should] = [got, predicted].map((outcome) => name in outcome.headers);
    if (is !== should) {
      differing.push(`The page ${is ? "can" : "cannot"} read \`${name}\`. Predicted was that it ${should ? "can" : "cannot"}.`);
    }
  }
  return differing;
}
