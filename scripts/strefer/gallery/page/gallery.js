"use strict";
// Starts the gallery: reads the indexes, fills the filters and handles keys.

const options = (id, rows) => at(id).replaceChildren(...rows.map(([value, text]) => h("option", { value }, text)));

function fillFilters() {
  const nouns = new Map(), groups = new Set();
  for (const film of films.all) {
    for (const [, noun] of film.entities) nouns.set(noun, (nouns.get(noun) ?? 0) + 1);
    for (let i = 0; i < film.pairs.length; i += 4 + film.pairs[i + 3]) groups.add(film.pairs[i]);
  }
  options("group", [["", "any group"], ...[...groups].sort().map((g) => [g, `G${g}`])]);
  options("form", [["", "any form"], ...about.forms.map((form, i) => [i, form.replace("_", "/")])]);
  options("verdict", [["", "any verdict"], ["kept", "kept"], ["rejected", "rejected"], ["failed", "failed films"]]);
  options("reason", [["", "any reason"], ...films.reasons.map((reason, i) => [i, reason]).sort((a, b) => (a[1] < b[1] ? -1 : 1))]);
  options("noun", [["", "any noun"], ...[...nouns].sort((a, b) => b[1] - a[1]).map(([noun, n]) => [noun, `${noun} (${n})`])]);
  options("order", Object.keys(ORDERS).map((order) => [order, order]));
}

let typing = null;
for (const name of Object.keys(filter)) {
  at(name).oninput = () => {
    filter[name] = at(name).value.trim();
    clearTimeout(typing);
    typing = setTimeout(name === "text" ? films.search : films.list, name === "text" ? 250 : 0);
  };
}
at("clear").onclick = () => {
  for (const name of Object.keys(filter)) at(name).value = filter[name] = "";
  films.search();
};

const KEYS = {
  j: ["next pair", () => pairs.step(1)], k: ["previous pair", () => pairs.step(-1)],
  n: ["next film", () => films.step(1)], p: ["previous film", () => films.step(-1)],
  w: ["play the part of the film that the pair asks about", pairs.playWindow],
  " ": ["play or pause", player.toggle],
  ",": ["previous sampled frame", () => player.step(-1)], ".": ["next sampled frame", () => player.step(1)],
  m: ["masks on or off", () => at("shown").click()],
  "/": ["search", () => at("text").focus()],
  "?": ["this list", () => at("keys").click()],
};
const SAME = { ArrowDown: "j", ArrowUp: "k", ArrowLeft: ",", ArrowRight: "." };

onkeydown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at("dialog").open) return;
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  if (field && !field.closest("dialog:not([open])")) { if (event.key === "Escape") field.blur(); return; }
  const key = SAME[event.key] ?? event.key;
  const act = pairs.acts[key] ? () => pairs.now() && pairs.acts[key].run(pairs.now()) : KEYS[key]?.[1];
  if (!act) return;
  event.preventDefault();
  act();
};

at("keys").onclick = () => {
  const rows = [...Object.entries(KEYS).map(([key, [what]]) => [key, what]), ...Object.entries(pairs.acts).map(([key, act]) => [key, act.title])];
  at("dialog").replaceChildren(h("h2", {}, "Keyboard"), h("dl", {}, rows.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key === " " ? "space" : key)), h("dd", {}, what)])),
    h("button", { onclick: () => at("dialog").close() }, "Close"));
  at("dialog").showModal();
};
at("dialog").onclick = (event) => { if (event.target === at("dialog")) at("dialog").close(); };

async function start() {
  about = await load("run.js");
  at("run").textContent = about.run;
  if (about.warning) say(about.warning);
  for (const shard of about.shards) films.add(shard, await load(`${shard}/index.js`));
  fillFilters();
  corrections.start();
  films.list();
  await films.fromAddress();
  document.body.classList.add("ready");
}
start().catch((error) => say(error.message));
