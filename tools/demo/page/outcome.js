// The outcome of a request for a page, and its comparison with the prediction.
//
// An outcome has a `kind`:
// - `blocked`: the script learns only that `fetch()` failed.
// - `readable`: a response, with `status` and `headers`. A predicted status is null if each framework responds with a status
//   of its own.
// - `sent`: a form. A predicted one has `refused`: the status with which the policy refuses it, or null.
// - `open` or `refused`: a WebSocket.

/** An outcome in a word or two. */
export const describe = ({ kind, status }) => (kind === "readable" ? `${status ?? ""} readable`.trim() : kind);

/**
 * The differences between an outcome and its prediction, as sentences; none if they are equal. Of the headers, only those in
 * `names` are compared, by whether the script can read them: frameworks add others of their own, such as `date`.
 */
export function differences(got, predicted, names) {
  if (got.kind !== predicted.kind) {
    return [`The page got: ${describe(got)}. Expected: ${describe(predicted)}.`];
  }
  // There is nothing else, or it is the framework's own response, about which nothing is predicted.
  if (got.kind !== "readable" || predicted.status === null) return [];
  const differing = [];
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
