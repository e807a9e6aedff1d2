"use strict";
// A film's pairs: which ones pass the filter, how each is shown, and which one is selected.

const filter = { group: "", form: "", verdict: "", reason: "", noun: "", score: "", text: "" };
const isFiltered = () => Object.values(filter).some((value) => value !== "");

/** The indices of a film's pairs that pass the filter. `film` is a row of the index: see `_row`. */
function passing(film) {
  const found = [], { pairs, entities } = film;
  const score = filter.score === "" ? null : Number(filter.score);
  for (let i = 0, number = 0; i < pairs.length; i += 4 + pairs[i + 3], number++) {
    if (filter.group !== "" && pairs[i] !== Number(filter.group)) continue;
    if (filter.form !== "" && pairs[i + 1] !== Number(filter.form)) continue;
    if (filter.verdict === "kept" && pairs[i + 2] !== -1) continue;
    if (filter.verdict === "rejected" && pairs[i + 2] === -1) continue;
    if (filter.reason !== "" && pairs[i + 2] !== Number(filter.reason)) continue;
    if (filter.text !== "" && film.hits && !film.hits.has(number)) continue;
    if (filter.noun !== "" || score !== null) {
      let noun = filter.noun === "", low = score === null;
      for (let e = i + 4; e < i + 4 + pairs[i + 3]; e++) {
        const about = entities[pairs[e]];
        noun ||= about?.[1] === filter.noun;
        low ||= about?.[2] !== null && about?.[2] <= score;
      }
      if (!noun || !low) continue;
    }
    found.push(number);
  }
  return found;
}

/** What has to be so for a pair to be true, in words. */
function claimText(claim) {
  if (claim.kind === "all") return claim.of.map(claimText).join("\n");
  const { kind, entity, other, start_s, end_s, value, ...rest } = claim;
  const words = [value === false ? "not" : "", kind.replaceAll("_", " "), entity === undefined ? "" : `“${entityName(entity)}”`,
    ...Object.entries(rest).map(([name, given]) => (name === "text" || name === "expression" ? `“${given}”` : `${name} ${given}`)),
    other === undefined ? "" : `“${entityName(other)}”`, start_s === undefined ? "" : `in ${span(start_s, end_s)}`];
  return words.filter(Boolean).join(" ");
}

function pairCard(pair, place) {
  return h("li", { className: "pair", onclick: () => pairs.choose(place, false) },
    h("div", { className: "about" }, h("b", {}, pair.group), h("span", {}, FORMS[pair.form] ?? pair.form),
      h("span", { className: pair.rejected === null ? "kept" : "rejected" }, pair.rejected === null ? "kept" : "rejected"),
      h("span", { className: "decision" })),
    pairWords(pair),
    pair.rejected !== null && h("p", { className: "why", dir: "auto" }, pair.rejected));
}

/** What a chosen pair rests on, and what can be done with it. */
function pairDetails(pair) {
  const { segments, entities, claim } = pair.evidence;
  const rows = [["evidence", claimText(claim)], ["about", entities.map((e) => chip(e, entityName(e)))],
    ["segments", segments.join(", ")], ["to watch", span(...windowOf(pair))],
    ...(pair.clip_s ? [["clip", span(...pair.clip_s)]] : []),
    ["worded by", pair.written_by === "llm" ? "the LLM" : pair.written_by], ["pair", pair.pair_id]];
  const shown = rows.filter(([, value]) => value.length);
  return h("div", { className: "more" },
    h("dl", {}, shown.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)])),
    h("div", { className: "acts" }, Object.entries(pairs.acts).map(([key, act]) =>
      h("button", { title: act.title, onclick: (event) => { event.stopPropagation(); act.run(pair); } }, act.name, " ", h("kbd", {}, key)))));
}

const pairs = { shown: [], cards: [], chosen: null, acts: {} };

/** List the pairs of the open film that pass the filter; keep the chosen one if it is among them. */
pairs.list = () => {
  const film = films.open;
  const found = film ? passing(film) : [];
  pairs.shown = found;
  pairs.cards = [];
  at("pairs").replaceChildren(...pairs.failures());
  pairs.grow(1);
  at("count").textContent = !film ? "" : `${found.length} of ${player.film.instructions.length} pairs`;
  pairs.choose(found.includes(pairs.chosen) ? pairs.chosen : found[0] ?? null, false, true);
};

const AT_ONCE = 100;

/** Make cards until there are so many; those further down are made when they come into sight. */
pairs.grow = (count) => {
  const from = pairs.cards.length, to = Math.ceil(count / AT_ONCE) * AT_ONCE;
  if (to <= from) return;
  const more = pairs.shown.slice(from, to).map((place) => pairCard(player.film.instructions[place], place));
  const last = at("pairs").querySelector(".failure");
  for (const card of more) at("pairs").insertBefore(card, last);
  pairs.cards.push(...more);
  pairs.mark();
};

at("pairs").onscroll = ({ target }) => {
  if (target.scrollTop + 2 * target.clientHeight > target.scrollHeight) pairs.grow(pairs.cards.length + 1);
};

pairs.failures = () => (player.film?.failures ?? []).map(([stage, why]) =>
  h("li", { className: "failure" }, h("b", {}, stage), h("p", { dir: "auto" }, why)));

/** Select a pair by its index in the film; `jump` also goes to the time that it asks about. */
pairs.choose = (place, jump, quiet) => {
  pairs.chosen = place;
  const pair = place === null ? null : player.film.instructions[place];
  at("pairs").querySelector(".more")?.remove();
  at("pairs").querySelector(".chosen")?.classList.remove("chosen");
  if (player.film) markTimes(pair);
  at("window").disabled = !pair;
  if (!pair) return;
  const index = pairs.shown.indexOf(place);
  pairs.grow(index + 1);
  const card = pairs.cards[index];
  card.classList.add("chosen");
  card.append(pairDetails(pair));
  if (!quiet || place !== pairs.shown[0]) card.scrollIntoView({ block: "nearest" });
  if (jump) player.seek(windowOf(pair)[0]);
  films.address();
};

/** The chosen pair. */
pairs.now = () => (pairs.chosen === null ? null : player.film.instructions[pairs.chosen]);

/** Go to the pair before or after the chosen one, in the next film if need be. */
pairs.step = (by) => {
  const next = pairs.shown.indexOf(pairs.chosen) + by;
  if (next >= 0 && next < pairs.shown.length) pairs.choose(pairs.shown[next], true);
  else films.step(by);
};

pairs.playWindow = () => { if (pairs.now()) player.playWindow(...windowOf(pairs.now())); };
at("window").onclick = pairs.playWindow;
at("previous").onclick = () => pairs.step(-1);
at("next").onclick = () => pairs.step(1);
