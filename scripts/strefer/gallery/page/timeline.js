"use strict";
// The film's time from left to right: segments, who is present according to the transcript and the
// masks, and what the selected pair is about.

const band = (kind, start, end, title) =>
  h("i", { className: kind, title: title ?? "", style: { left: percent(start), width: percent(end - start) } });

/** Runs of sampled frames on which a masklet is, as (from, to) in seconds. */
function masksSpans(masklet) {
  const times = player.masklets.frame_times_s, spans = [];
  times.forEach((time, index) => {
    if (!masklet?.masks[index]) return;
    const end = times[index + 1] ?? player.duration;
    const last = spans[spans.length - 1];
    if (last && last[1] === time) last[1] = end; else spans.push([time, end]);
  });
  return spans;
}

function showTimeline(film) {
  const lanes = [lane(h("span", {}, "segments"), [
    ...(film.clips[0]?.segments ?? []).map((s, i) => h("i", { className: "segment", title: `segment ${s.index}: ${span(s.start_s, s.end_s)}, begins with: ${s.begins_with}`, style: { left: percent(s.start_s), width: percent(s.end_s - s.start_s) } }, String(i))),
    ...(film.clips[0]?.cuts_s ?? []).map((cut) => band("cut", cut, cut, `hard cut at ${seconds(cut)} s`)),
  ])];
  (film.references[0]?.entities ?? []).forEach((entity, number) => {
    const masklet = player.masklets.masklets.find((m) => m.entity === number);
    const dropped = film.masklets[0]?.dropped?.[number];
    const toggle = h("input", { type: "checkbox", checked: true, disabled: !masklet, title: "Show or hide its masks", onchange: () => {
      player.hidden[toggle.checked ? "delete" : "add"](number);
      player.draw(player.sample(player.now()));
    } });
    toggle.style.setProperty("--colour", colourOf(number));
    const score = masklet ? masklet.score.toFixed(2) : "no masks";
    const name = h("button", { className: "name", dir: "auto", title: `${entity.expression} (${entity.noun}, ${entity.generalized_noun}): ${masklet ? `score ${score}` : dropped ?? score}`, onclick: () => strefer.correct?.({ entity: number }) }, entity.expression);
    lanes.push(lane(h("span", { className: "who" }, toggle, name, h("small", {}, score)), [
      ...film.transcripts.map((t) => {
        const unknown = t.unknown?.[number], there = t.lines[number];
        if (unknown) return band("said unknown", t.start_s, t.end_s, `transcript: ${unknown}`);
        return there == null ? "" : band("said", t.start_s, t.end_s, `transcript: ${there}`);
      }),
      ...film.transcripts.filter((t) => t.disagreements?.includes(number))
        .map((t) => band("doubt", t.start_s, t.end_s, "transcript and masks disagree")),
      ...masksSpans(masklet).map(([start, end]) => band("seen", start, end, `masks: ${span(start, end)}`)),
    ], colourOf(number)));
  });
  const bands = h("div", { id: "bands" }, h("i", { id: "asked" }), h("i", { id: "clip" }), h("i", { id: "now" }));
  at("timeline").replaceChildren(...lanes, bands);
  const move = (event) => {
    const box = bands.getBoundingClientRect();
    player.seek((event.clientX - box.left) / box.width * player.duration);
  };
  for (const track of at("timeline").querySelectorAll(".track")) {
    track.onpointerdown = (event) => { track.setPointerCapture(event.pointerId); move(event); };
    track.onpointermove = (event) => { if (event.buttons) move(event); };
  }
}

const lane = (label, marks, colour) => h("div", { className: "lane" }, label,
  h("div", { className: "track", style: { "--colour": colour ?? "" } }, marks));

function showTranscript(film) {
  const entities = film.references[0]?.entities ?? [];
  at("transcript").replaceChildren(
    ...film.transcripts.map((t) => h("section", { className: "segment" },
      h("button", { className: "when", title: "Play this segment", onclick: () => player.playWindow(t.start_s, t.end_s) }, span(t.start_s, t.end_s)),
      h("ul", {}, entities.map((entity, number) => {
        const unknown = t.unknown?.[number], line = t.lines[number];
        return h("li", { className: line == null ? "absent" : "", style: { "--colour": colourOf(number) }, title: "Correct this line",
          onclick: () => strefer.correct?.({ what: "line", entity: number, start_s: t.start_s, end_s: t.end_s, was: line ?? "" }) },
          h("bdi", {}, unknown ? `${entity.expression}: ${unknown}` : line ?? `${entity.expression}: not there`),
          t.disagreements?.includes(number) && h("em", {}, " transcript and masks disagree"));
      })))),
    h("details", {}, h("summary", {}, "Details of the models and the film"), details(film)),
  );
}

function details(film) {
  const entities = film.references[0]?.entities ?? [];
  const rows = [
    ...film.entities.map((e) => ["recognizer", e.text]),
    ...[...film.entities, ...film.references].flatMap((r) => r.unread ?? []).map((why) => ["unreadable reply", why]),
    ...entities.map((e) => ["expression", `${e.expression} (${e.noun}, ${e.generalized_noun})`]),
    ...Object.entries(film.masklets[0]?.dropped ?? {}).map(([e, why]) => ["no masklet", `${entities[e]?.expression}: ${why}`]),
    ...film.videos.flatMap((v) => [["file", v.path], ["film", `${v.width_px} × ${v.height_px}, ${v.fps.toFixed(2)} frames per second, ${v.duration_s.toFixed(2)} s`],
      ...(v.notes ?? []).map((note) => ["note", note])]),
    ...(film.copied ? [["shown is", film.copied]] : []),
  ];
  return h("dl", {}, rows.flatMap(([name, text]) => [h("dt", {}, name), h("dd", { dir: "auto" }, text)]));
}

/** Move what follows the time. */
player.onTime = (time) => {
  const now = at("now");
  if (now) now.style.left = percent(Math.min(time, player.duration));
  at("time").textContent = `${time.toFixed(2)} / ${player.duration.toFixed(2)} s`;
  at("play").textContent = player.source_.paused ? "▶" : "❚❚";
  player.film.transcripts.forEach((t, i) => {
    at("transcript").children[i]?.classList.toggle("present", t.start_s <= time && time < t.end_s);
  });
};
video.onplay = video.onpause = () => player.film && player.onTime(player.now());
