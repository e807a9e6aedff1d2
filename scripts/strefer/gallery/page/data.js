"use strict";
// Data and what all parts use. Data come as scripts that call `strefer.<kind>(…)`, because a page
// that was opened from disk may load scripts, but fetch nothing.

const strefer = {};
for (const kind of ["run", "index", "film", "texts", "sheet"])
  strefer[kind] = (data) => { document.currentScript.data = data; };

/** What a script of data holds. */
function load(address) {
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => { script.remove(); done(script.data); };
    script.onerror = () => { script.remove(); fail(new Error(`${address} cannot be read`)); };
    document.head.append(script);
  });
}

const at = (id) => document.getElementById(id);

const say = (text) => { at("warning").textContent = text; at("warning").hidden = false; };

/** An element; children that are strings become text, whatever stands in them. */
function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "style") for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
    else node[name] = value;
  }
  node.append(...children.flat().filter(Boolean));
  return node;
}

const seconds = (value) => value.toFixed(1);
const span = (start, end) => `${seconds(start)}–${seconds(end)} s`;

/** A film's length in the list: "0:15". */
function clock(value) {
  const whole = Math.round(value);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.slice(parts[0] ? 0 : 1).map((p, i) => (i ? String(p).padStart(2, "0") : p)).join(":");
}

/** What is kept in this browser between visits; a private window may keep nothing. */
const kept = {
  read(name, otherwise) {
    try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
  },
  write(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* for this visit only */ }
  },
};

/** Offer text as a file. */
function download(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A row of CSV. */
const csvRow = (cells) => cells.map((cell) => {
  const text = String(cell ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",") + "\r\n";
