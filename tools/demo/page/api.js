// The requests to the demo's own server, which is always the page's origin.

/** The origins, servers, scenarios, and the current policy. */
export const state = () => call("/api/state");

/** The prediction of the model of the browser for a request: `{outcome, dialogue}`. */
export const predict = (origin, url, request, engine, signal) =>
  call("/api/predict", { origin, url, request, engine }, signal);

/** The errors, warnings and notes about a policy's text. Changes nothing. */
export const check = async (text, signal) => (await call("/api/check", { text }, signal)).findings;

/** Makes a policy the current one, if it is valid: `{version, findings}`, without `version` if it is not valid. */
export const save = (text) => call("/api/policy", { text });

/** Adds an origin to the set that the policy names, or removes it: `{version}`. */
export const changeSet = (origin, add) => call("/api/set", { origin, add });

const UNPROCESSABLE = 422;

async function call(path, body, signal) {
  const init = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, { ...init, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the demo does not respond; it may have stopped");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok || (response.status === UNPROCESSABLE && answer.findings)) return answer;
  throw new Error(answer.error ?? `the demo's server responded to ${path} with ${response.status}`);
}
