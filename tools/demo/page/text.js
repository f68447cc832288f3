// Positions in a text, and the text with marked ranges.

import { el } from "./dom.js";

/**
 * Converts positions in a text. The server counts lines and characters from 1; scripts count UTF-16 code units from 0.
 */
export function offsets(text) {
  const lines = text.split("\n");
  const starts = [0];
  for (const { length } of lines) starts.push(starts.at(-1) + length + 1);
  return ({ line, column }) => {
    const characters = [...(lines[line - 1] ?? "")];
    return (starts[line - 1] ?? text.length) + characters.slice(0, column - 1).join("").length;
  };
}

/** A range. An empty one, such as the end where something is missing, is extended by the character next to it. */
export function visible(text, { from, to }) {
  if (from < to) return { from, to };
  const line = text.lastIndexOf("\n", from - 1) + 1;
  const [before] = [...text.slice(line, from)].slice(-1);
  const [after] = text.slice(from).split("\n", 1)[0];
  if (after) return { from, to: from + String.fromCodePoint(text.codePointAt(from)).length };
  return { from: from - (before?.length ?? 0), to };
}

/** Moves ranges of a text after an edit. A range becomes null if the edit was in it. */
export function moved(before, after) {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const [shift, rest] = [after.length - before.length, before.length - tail];
  return (range) => {
    if (!range || range.to <= head) return range;
    return range.from >= rest ? { ...range, from: range.from + shift, to: range.to + shift } : null;
  };
}

/** The text, a row for each of its lines, with ranges marked by their level. Where ranges overlap, the worst level counts. */
export function mirror(text, ranges, levels) {
  let from = 0;
  return text.split("\n").map((line) => {
    const to = from + line.length;
    const pieces = marked(text, from, to, ranges, levels);
    from = to + 1;
    // An empty row would have no height.
    return el("div", { class: "row" }, ...pieces, el("br"));
  });
}

function marked(text, from, to, ranges, levels) {
  const ends = ranges.flatMap((range) => [range.from, range.to]).filter((end) => end > from && end < to);
  const cuts = [...new Set([from, ...ends, to])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => {
    const stop = cuts[index + 1];
    const over = ranges.filter((range) => range.from < stop && range.to > start).map(({ level }) => level);
    const level = levels.find((candidate) => over.includes(candidate));
    const piece = text.slice(start, stop);
    return level ? el("span", { class: `found ${level}` }, piece) : piece;
  });
}
