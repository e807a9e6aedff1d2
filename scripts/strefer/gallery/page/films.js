"use strict";
// The list of films: read from the shards' indexes, filtered, ordered, a page at a time. A film's
// own data are loaded when it is opened, and forgotten with the next.

const A_PAGE = 50;
const DECIDED = ["set aside", "corrections"]; // by people: no failures
const films = { all: [], listed: [], page: 0, open: null, reasons: [] };

const counts = (film) => {
  let keptPairs = 0, rejected = 0;
  for (let i = 0; i < film.pairs.length; i += 4 + film.pairs[i + 3]) film.pairs[i + 2] === -1 ? keptPairs++ : rejected++;
  return [keptPairs, rejected];
};
const failed = (film) => film.failures.filter(([stage]) => !DECIDED.includes(stage));
const lowest = (film) => Math.min(...film.entities.map((e) => e[2] ?? 2), 2);
const ORDERS = {
  "in the run's order": null,
  "worst masks first": (a, b) => lowest(a) - lowest(b),
  "most rejected first": (a, b) => b.rejected / (b.rejected + b.kept || 1) - a.rejected / (a.rejected + a.kept || 1),
  "most pairs first": (a, b) => b.kept - a.kept,
  "failed first": (a, b) => failed(b).length - failed(a).length,
  "by name": (a, b) => (a.id < b.id ? -1 : 1),
};

/** Add a shard's films. */
films.add = (shard, index) => {
  const codes = index.reasons.map((reason) => {
    const known = films.reasons.indexOf(reason);
    return known >= 0 ? known : films.reasons.push(reason) - 1;
  });
  index.films.forEach((film, number) => {
    for (let i = 0; i < film.pairs.length; i += 4 + film.pairs[i + 3]) if (film.pairs[i + 2] >= 0) film.pairs[i + 2] = codes[film.pairs[i + 2]];
    [film.kept, film.rejected] = counts(film);
    films.all.push(Object.assign(film, { shard, number }));
  });
};

/** Filter, order and show the list, and the pairs of the open film. */
films.list = () => {
  let total = 0;
  films.listed = films.all.filter((film) => {
    if (!isFiltered()) { film.found = film.kept + film.rejected; total += film.found; return true; }
    film.found = passing(film).length;
    total += film.found;
    if (filter.verdict === "failed") return failed(film).length > 0 && (filter.text === "" || film.named || film.found);
    const others = Object.entries(filter).some(([name, value]) => name !== "text" && value !== "");
    return film.found > 0 || (!others && film.named);
  });
  const order = ORDERS[at("order").value];
  if (order) films.listed.sort(order);
  at("found").textContent = `${films.listed.length} film${films.listed.length === 1 ? "" : "s"}, ${total} pairs`;
  films.turn(0);
  pairs.list();
};

/** Show a page of the list. */
films.turn = (page) => {
  const pages = Math.max(1, Math.ceil(films.listed.length / A_PAGE));
  films.page = Math.max(0, Math.min(page, pages - 1));
  const from = films.page * A_PAGE;
  at("films").replaceChildren(...films.listed.slice(from, from + A_PAGE).map(films.card));
  at("films").scrollTop = 0;
  at("page").textContent = `${films.page + 1} of ${pages}`;
  at("before").disabled = films.page === 0;
  at("after").disabled = films.page === pages - 1;
};

films.card = (film) => h("li", { className: film === films.open ? "film chosen" : "film", onclick: () => films.show(film) },
  film.drawn ? h("img", { src: `${film.shard}/${film.number}.jpg`, loading: "lazy", alt: "" }) : h("span", { className: "nothing" }),
  h("div", {}, h("bdi", { title: film.id }, film.id),
    h("small", {}, film.seconds === null ? "" : `${clock(film.seconds)} · `, isFiltered() ? `${film.found} of ${film.kept + film.rejected} pairs` : `${film.kept} kept, ${film.rejected} rejected`),
    film.failures.map(([stage]) => (DECIDED.includes(stage) ? h("small", {}, stage) : h("small", { className: "failed" }, `failed: ${stage}`)))));

/** Load a film and show it; `item` selects a pair by its key. */
films.show = async (film, item) => {
  films.wanted = film;
  let data;
  try { data = await load(`${film.shard}/${film.number}.js`); } catch (error) { return say(error.message); }
  if (films.wanted !== film) return;
  films.open = film;
  pairs.chosen = item === undefined ? null : data.instructions.findIndex((p) => p.pair_id === item);
  player.open(data, film.shard);
  showTimeline(data);
  showTranscript(data);
  player.onTime(0);
  at("title").replaceChildren(h("h2", {}, h("bdi", {}, film.id)), h("span", {}, film.seconds === null ? "" : `${film.seconds.toFixed(1)} s, ${data.transcripts.length} segments`),
    h("span", { className: "gap" }), h("button", { title: "Leave the film out", onclick: () => strefer.correct({}) }, "Leave out …"));
  document.title = `${film.id} · Strefer gallery`;
  const place = films.listed.indexOf(film);
  if (place >= 0 && Math.floor(place / A_PAGE) !== films.page) films.turn(Math.floor(place / A_PAGE));
  else for (const card of at("films").children) card.classList.remove("chosen");
  at("films").children[place - films.page * A_PAGE]?.classList.add("chosen");
  at("films").children[place - films.page * A_PAGE]?.scrollIntoView({ block: "nearest" });
  pairs.list();
  films.address();
};

/** The film before or after the open one, in the list. */
films.step = (by) => {
  const next = films.listed[films.listed.indexOf(films.open) + by];
  if (next) films.show(next);
};

/** Write what is shown into the page's address, so that it can be kept or passed on. */
films.address = () => {
  if (!films.open) return;
  const given = new URLSearchParams({ film: films.open.id, ...(pairs.now() ? { pair: pairs.now().pair_id } : {}) });
  history.replaceState(null, "", `#${given}`);
};

films.fromAddress = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  const film = films.all.find((f) => f.id === given.get("film"));
  return film ? films.show(film, given.get("pair") ?? undefined) : films.listed[0] && films.show(films.listed[0]);
};

/** Search the texts of all pairs, a hundred films at a time, of which only what was found is kept. */
films.search = async () => {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const search = films.searching = {};
  const names = (film) => [film.id, ...film.entities.map((e) => e[0]), ...film.failures.flat()].join("\n").toLowerCase();
  for (const film of films.all) {
    film.hits = words.length ? new Set() : null;
    film.named = words.length > 0 && words.every((word) => names(film).includes(word));
  }
  for (const shard of words.length ? about.shards : []) {
    const ours = films.all.filter((film) => film.shard === shard);
    for (let from = 0; from < ours.length; from += about.films_a_chunk) {
      at("found").textContent = `searching ${shard} …`;
      const texts = await load(`${shard}/text-${from / about.films_a_chunk}.js`);
      if (films.searching !== search) return;
      texts.forEach((of, i) => {
        const film = ours[from + i], name = names(film);
        of.forEach((text, number) => {
          const low = text.toLowerCase();
          if (words.every((word) => low.includes(word) || name.includes(word))) film.hits.add(number);
        });
      });
    }
  }
  films.list();
};

at("before").onclick = () => films.turn(films.page - 1);
at("after").onclick = () => films.turn(films.page + 1);
at("order").onchange = films.list;
