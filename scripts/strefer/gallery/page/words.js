"use strict";
// A pair's text and times, as the gallery and the judging page show them.

const percent = (time) => `${100 * time / (player.duration || 1)}%`;
const entityName = (number) => player.film.references[0]?.entities[number]?.expression ?? `entity ${number}`;
const chip = (number, text) => h("span", { className: "chip", title: player.only ? "" : entityName(number), style: { "--colour": colourOf(number) } }, text);

/** A pair's text, with its regions as chips and its times in seconds. */
function pairText(pair, text, regions) {
  return text.split(/(<region>|<start_time>|<end_time>)/).map((part) => {
    if (part === "<region>" && regions.length) return chip(regions.shift(), "region");
    const time = { "<start_time>": pair.start_s, "<end_time>": pair.end_s }[part];
    return time === undefined || time === null ? part : h("span", { className: "moment" }, `${seconds(time)} s`);
  });
}

const LETTERS = "ABCDEFGHIJ";
const FORMS = { yes_no: "yes / no", choice: "choice", open: "open" };

/** Question, options and answer. */
function pairWords(pair) {
  const regions = [...pair.regions];
  return [
    h("p", { className: "question", dir: "auto" }, pairText(pair, pair.question, regions)),
    pair.options.length > 0 && h("ol", { className: "options", type: "A" }, pair.options.map((option, i) =>
      h("li", { className: pair.answer.startsWith(LETTERS[i]) ? "right" : "", dir: "auto" }, pairText(pair, option, regions)))),
    h("p", { className: "answer", dir: "auto" }, pairText(pair, pair.answer, regions)),
  ];
}

/** Mark a pair's times: the one it asks about, and the clip that its question shows. */
function markTimes(pair) {
  const place = (id, from, to) => {
    const known = from !== null && from !== undefined;
    at(id).hidden = !known;
    if (known) Object.assign(at(id).style, { left: percent(from), width: percent(to - from) });
  };
  place("asked", ...(pair ? windowOf(pair) : [null]));
  place("clip", ...(pair?.clip_s ?? [null]));
}

/** The time to watch for a pair: its own and its evidence's, or else its clip, or else the whole film. */
function windowOf(pair) {
  const simple = (claim) => (claim.kind === "all" ? claim.of.flatMap(simple) : [claim]);
  const times = [pair, ...simple(pair.evidence.claim)].filter((one) => one.start_s != null && one.end_s != null);
  if (!times.length) return pair.clip_s ?? [0, player.duration];
  return [Math.min(...times.map((one) => one.start_s)), Math.max(...times.map((one) => one.end_s))];
}
