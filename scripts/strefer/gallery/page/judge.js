"use strict";
// Shows a sheet's pairs one by one, in a different order for each judge, and keeps the answers.
// The pipeline's verdicts and other judges' answers are not shown.

const ANSWERS = ["good", "false", "unnatural", "unclear"];
const judging = { place: 0, order: [], answers: {} };

/** A number for a text, for the order of a judge. */
const hashOf = (text) => [...text].reduce((hash, c) => Math.imul(hash ^ c.codePointAt(0), 16777619), 2166136261) >>> 0;
const store = () => `strefer ${about.run} ${judging.sheet} ${at("judge").value.trim()}`;

/** Begin or go on as the judge who is named. */
judging.start = async () => {
  const judge = at("judge").value.trim();
  for (const id of ["download", "comment", "previous", "next"]) at(id).disabled = !judge;
  if (!judge) return;
  kept.write("strefer who", judge);
  judging.answers = kept.read(store(), {});
  judging.order = [...judging.pairs].sort((a, b) => hashOf(judge + a[2]) - hashOf(judge + b[2]));
  const open = judging.order.findIndex((pair) => !judging.answers[pair.join()]);
  await judging.show(open < 0 ? 0 : open);
};

judging.show = async (place) => {
  judging.place = Math.max(0, Math.min(place, judging.order.length - 1));
  const [shard, number, item] = judging.order[judging.place];
  const film = await load(`${shard}/${number}.js`);
  if (judging.order[judging.place][2] !== item) return; // another pair was requested in the meantime
  judging.film = film;
  const pair = judging.pair = film.instructions.find((one) => one.item === item);
  judging.count();
  if (!pair) return say("The gallery does not match the sheet: it was made from another run. Make the gallery again.");
  player.only = pair.regions;
  player.open(film, shard);
  markTimes(pair);
  at("pair").replaceChildren(h("div", { className: "about" }, h("b", {}, pair.group), FORMS[pair.form]), ...pairWords(pair).filter(Boolean));
  const given = judging.answers[judging.order[judging.place].join()];
  at("answers").replaceChildren(...ANSWERS.map((answer, i) => h("button", { className: given?.answer === answer ? "given" : "", onclick: () => judging.answer(answer) }, answer, " ", h("kbd", {}, String(i + 1)))));
  at("comment").value = given?.comment ?? "";
  player.seek(windowOf(pair)[0]);
};

judging.count = () => {
  at("count").textContent = `${judging.place + 1} of ${judging.order.length}, ${Object.keys(judging.answers).length} answered`;
};

/** Keep an answer, and go to the next pair. */
judging.answer = (answer) => {
  if (!judging.pair) return;
  judging.answers[judging.order[judging.place].join()] = {
    film: judging.film.id, item: judging.pair.item, answer, comment: at("comment").value.trim(), when: new Date().toISOString() };
  kept.write(store(), judging.answers);
  judging.count();
  judging.show(judging.place + 1);
};

at("comment").onchange = () => {
  const given = judging.answers[judging.order[judging.place].join()];
  if (given) given.comment = at("comment").value.trim(), kept.write(store(), judging.answers);
};

at("download").onclick = () => {
  const judge = at("judge").value.trim(), columns = ["sheet", "judge", "film", "item", "answer", "comment", "when"];
  const rows = Object.values(judging.answers).map((row) => csvRow(columns.map((name) => ({ sheet: judging.sheet, judge, ...row })[name])));
  download(`answers-${judge.replace(/\W+/g, "-")}.csv`, csvRow(columns) + rows.join(""));
};

player.onTime = (time) => {
  at("now").style.left = percent(Math.min(time, player.duration));
  at("time").textContent = `${time.toFixed(2)} / ${player.duration.toFixed(2)} s`;
  at("play").textContent = player.source_.paused ? "▶" : "❚❚";
};

at("judge").onchange = judging.start;
at("previous").onclick = () => judging.show(judging.place - 1);
at("next").onclick = () => judging.show(judging.place + 1);
at("window").onclick = () => player.playWindow(...windowOf(judging.pair));

onkeydown = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !judging.pair) return;
  const field = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  if (field) { if (event.key === "Escape") field.blur(); return; }
  const acts = { j: at("next").onclick, k: at("previous").onclick, w: at("window").onclick, " ": player.toggle, c: () => at("comment").focus(),
    ",": () => player.step(-1), ".": () => player.step(1) };
  ANSWERS.forEach((answer, i) => { acts[i + 1] = () => judging.answer(answer); });
  if (!acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
};

async function start() {
  about = await load("run.js");
  at("run").textContent = about.run;
  let sheet;
  try { sheet = await load("sheet.js"); } catch { throw new Error("There is no sheet. Draw one: strefer judge draw"); }
  Object.assign(judging, sheet);
  at("judge").value = kept.read("strefer who", "");
  await judging.start();
  document.body.classList.add("ready");
}
start().catch((error) => say(error.message));
