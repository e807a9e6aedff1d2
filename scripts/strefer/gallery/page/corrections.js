"use strict";
// A person's decisions: rows of the corrections table, kept in this browser until they are
// downloaded. Notes on pairs that need no correction go into a separate table.

const corrections = { rows: [], looked: new Set() };
// Decisions that are not about pairs: in words, the meaning of `value`, and whether to ask for times.
const KINDS = {
  drop_film: ["leave the film out"],
  drop_entity: ["leave the expression out"],
  rename_entity: ["rename the expression", "new expression"],
  same_as: ["merge with another expression", "the other expression, which stays", "entities"],
  noun: ["change the noun", "noun"],
  generalized_noun: ["change the generalized noun", "what the detector looks for"],
  cut_masklet: ["remove masks in a time range", null, "times"],
  masklet_of: ["take another's masks in a time range", "whose masks", "entities times"],
  line: ["correct the transcript", "what it does; empty: it is not there"],
};

const keyOf = (row) => ["film", "what", "entity", "start_s", "end_s", "item"].map((name) => row[name] ?? "").join("\u0000");
const store = (name) => `strefer ${about.run} ${name}`;

/** Start from earlier decisions in this browser and from the table that the run was made with. */
corrections.start = () => {
  corrections.rows = kept.read(store("rows"), []);
  corrections.gone = new Set(kept.read(store("gone"), []));
  const known = new Set([...corrections.rows.map(keyOf), ...corrections.gone]);
  corrections.rows.unshift(...about.corrections.filter((row) => !known.has(keyOf(row))));
  corrections.looked = new Set(kept.read(store("looked"), []));
  corrections.count();
};

corrections.save = () => {
  kept.write(store("rows"), corrections.rows);
  kept.write(store("gone"), [...corrections.gone]);
  kept.write(store("looked"), [...corrections.looked]);
  corrections.count();
  pairs.mark();
};

corrections.count = () => { at("decided").querySelector("b").textContent = corrections.rows.length; };

/** Add a row; it replaces a row about the same thing. */
corrections.put = (given) => {
  const row = { film: films.open.id, ...given, who: kept.read("strefer who", ""), when: new Date().toISOString() };
  for (const name of ["value", "was"]) row[name] = (row[name] ?? "").trim().replace(/\s+/g, " "); // one line each
  corrections.rows = [...corrections.rows.filter((one) => keyOf(one) !== keyOf(row)), row];
  corrections.save();
};

corrections.remove = (gone) => {
  for (const row of corrections.rows.filter(gone)) corrections.gone.add(keyOf(row));
  corrections.rows = corrections.rows.filter((row) => !gone(row));
  corrections.save();
};

const ofPair = (pair) => (row) => row.film === films.open.id && row.item === pair.item;

/** Show on each card the decisions about its pair. */
pairs.mark = () => pairs.cards.forEach((card, i) => {
  const pair = player.film.instructions[pairs.shown[i]], rows = corrections.rows.filter(ofPair(pair));
  const words = { reject_pair: "reject", edit_question: "edited", edit_answer: "edited", note: "note" };
  const said = [...new Set(rows.map((row) => words[row.what]))];
  if (corrections.looked.has(`${films.open.id} ${pair.item}`)) said.unshift("✓ good");
  card.querySelector(".decision").textContent = said.join(", ");
});

/** Ask in a dialog. A field is [name, label, value, kind], kind "area", "text", or choices. `done` gets the values. */
function ask(title, fields, done) {
  const inputs = fields.map(([name, , value, kind]) => Array.isArray(kind)
    ? h("select", { name, value }, kind.map(([v, text]) => h("option", { value: v, selected: v === value }, text)))
    : h(kind === "area" ? "textarea" : "input", { name, value: value ?? "", rows: 3, dir: "auto", ...(kind === "number" ? { type: kind, min: 0, step: "any" } : {}) }));
  const form = h("form", { method: "dialog", onsubmit: () => done(Object.fromEntries(inputs.map((i) => [i.name, i.value]))) },
    h("h2", {}, title),
    fields.map(([, label], i) => h("label", {}, label, inputs[i])),
    h("p", { className: "acts" }, h("button", { type: "submit" }, "Save"), h("button", { type: "button", onclick: () => at("dialog").close() }, "Cancel")));
  form.onkeydown = (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(); };
  at("dialog").replaceChildren(form);
  if (!at("dialog").open) at("dialog").showModal();
  inputs[0]?.focus();
  return inputs;
}

pairs.acts = {
  a: { name: "Good", title: "good; undoes any decision", run: (pair) => {
    corrections.looked.add(`${films.open.id} ${pair.item}`);
    corrections.remove(ofPair(pair));
    pairs.step(1);
  } },
  r: { name: "Reject", title: "reject, with a reason", run: (pair) => ask("Reject this pair", [["why", "Why", ""]], ({ why }) => {
    corrections.looked.delete(`${films.open.id} ${pair.item}`);
    corrections.put({ what: "reject_pair", item: pair.item, was: pair.question, why });
  }) },
  e: { name: "Edit", title: "edit question and answer", run: (pair) => {
    const done = (name) => corrections.rows.find((row) => ofPair(pair)(row) && row.what === `edit_${name}`)?.value ?? pair[name];
    ask("Edit this pair", [["question", "Question; <region>, <start_time>, <end_time> stay", done("question"), "area"], ["answer", "Answer", done("answer"), "area"], ["why", "Why", ""]], (given) => {
      for (const name of ["question", "answer"]) {
        if (given[name] !== pair[name]) corrections.put({ what: `edit_${name}`, item: pair.item, value: given[name], was: pair[name], why: given.why });
        else corrections.remove((row) => ofPair(pair)(row) && row.what === `edit_${name}`);
      }
    });
  } },
  c: { name: "Comment", title: "comment: the reason for the decision, or a note", run: (pair) => {
    const rows = corrections.rows.filter(ofPair(pair));
    ask("Comment on this pair", [["why", "Comment", rows[0]?.why ?? "", "area"]], ({ why }) => {
      if (!rows.length) return why && corrections.put({ what: "note", item: pair.item, was: pair.question, why });
      for (const row of rows) row.why = why;
      corrections.remove((row) => rows.includes(row) && row.what === "note" && !why);
    });
  } },
};

/** Ask for a correction that is not about a pair. `given` has fields of the row; `entity` is a number. */
strefer.correct = (given) => {
  const expressions = (player.film.references[0]?.entities ?? []).map((e) => e.expression);
  const entity = given.entity === undefined ? undefined : expressions[given.entity];
  const asked = (what) => {
    const [, value, extra] = KINDS[what];
    const times = extra?.includes("times") ? [["start_s", "From second (empty: the whole film)", "", "number"], ["end_s", "To second", "", "number"]] : [];
    const others = expressions.filter((e) => e !== entity).map((e) => [e, e]);
    const field = { noun: "noun", generalized_noun: "generalized_noun", rename_entity: "expression" }[what];
    const before = given.was ?? (field && player.film.references[0].entities[given.entity][field]);
    const choices = Object.entries(KINDS).filter(([kind]) => given.what ? kind === given.what : (kind === "drop_film") === (entity === undefined) && kind !== "line");
    const inputs = ask(entity ?? films.open.id, [["what", "What", what, choices.map(([kind, [text]]) => [kind, text])],
      ...(value ? [["value", value, before ?? "", extra?.includes("entities") ? others : "text"]] : []), ...times, ["why", "Why", ""]],
    (row) => {
      if ((row.start_s ?? "") === "" !== ((row.end_s ?? "") === "")) return setTimeout(() => asked(what));
      corrections.put({ entity, start_s: given.start_s, end_s: given.end_s, was: before, ...row });
    });
    inputs[0].onchange = () => asked(inputs[0].value);
    if (choices.length === 1) inputs[1].focus();
  };
  asked(given.what ?? (entity === undefined ? "drop_film" : "rename_entity"));
};

/** The rows of a CSV table, as objects. */
function readCsv(text) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows[rows.length - 1], c = text[i];
    if (quoted) {
      if (c !== '"') row[row.length - 1] += c;
      else if (text[i + 1] === '"') { row[row.length - 1] += c; i++; } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") row.push("");
    else if (c === "\n") rows.push([""]);
    else if (c !== "\r" && c !== "\ufeff") row[row.length - 1] += c;
  }
  const [names, ...others] = rows.filter((row) => row.length > 1 || row[0]);
  return others.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ""])));
}

const tableOf = (rows) => csvRow(about.columns) + rows.map((row) => csvRow(about.columns.map((name) => row[name]))).join("");

corrections.show = () => {
  const notes = corrections.rows.filter((row) => row.what === "note"), rows = corrections.rows.filter((row) => row.what !== "note");
  const file = h("input", { type: "file", accept: ".csv", hidden: true, onchange: async () => {
    for (const row of readCsv(await file.files[0].text())) {
      corrections.rows = corrections.rows.filter((one) => keyOf(one) !== keyOf(row));
      corrections.rows.push(row);
    }
    corrections.save();
    corrections.show();
  } });
  at("dialog").replaceChildren(h("h2", {}, "Corrections"),
    h("p", {}, "They exist only in this browser until you download them. Set ", h("code", {}, "corrections"), " in the configuration to the table, and rerun."),
    h("label", {}, "Your name ", h("input", { value: kept.read("strefer who", ""), onchange: (event) => kept.write("strefer who", event.target.value) })),
    h("ul", { className: "rows" }, corrections.rows.map((row) => h("li", {},
      h("bdi", {}, row.film), h("b", {}, row.what.replaceAll("_", " ")), h("span", { dir: "auto" }, [row.entity, row.value || row.was, row.why].filter(Boolean).join(" · ")),
      h("button", { title: "Undo", onclick: () => { corrections.remove((one) => one === row); corrections.show(); } }, "×")))),
    h("p", { className: "acts" },
      h("button", { disabled: !rows.length, onclick: () => download("corrections.csv", tableOf(rows)) }, "Download corrections.csv"),
      notes.length && h("button", { onclick: () => download("notes.csv", tableOf(notes)) }, "Download notes.csv"),
      h("button", { onclick: () => file.click() }, "Add rows of a table …"), file,
      h("button", { onclick: () => at("dialog").close() }, "Close")));
  if (!at("dialog").open) at("dialog").showModal();
};
at("decided").onclick = corrections.show;
