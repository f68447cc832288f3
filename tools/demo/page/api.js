// What the demo's own server is asked: always the origin that the page is from.

/** The origins, servers, scenarios, and the policy in force. */
export const state = () => call("/api/state");

/** What the model of the browser says about a request: `{outcome, dialogue}`. */
export const predict = (origin, url, request, engine, signal) =>
  call("/api/predict", { origin, url, request, engine }, signal);

/** What is to be said about a policy's text. Nothing is changed. */
export const check = async (text, signal) => (await call("/api/check", { text }, signal)).findings;

/** Puts a policy in force, if it is sound: `{version, findings}`, without `version` where it is not. */
export const save = (text) => call("/api/policy", { text });

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
    throw new Error("the demo does not answer; it may have ended");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok || (response.status === UNPROCESSABLE && answer.findings)) return answer;
  throw new Error(answer.error ?? `the demo's server answered ${path} with ${response.status}`);
}
