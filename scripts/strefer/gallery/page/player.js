"use strict";
// The film, its masks on top, and the current time. A film that cannot be played gets a clock.

const player = { film: null, hidden: new Set(), masksOn: true, only: null, end: null, onTime: () => {} };
const video = at("video");

/** Stands for a film that no browser plays: time passes, and its masks are shown. */
const still = { currentTime: 0, playbackRate: 1, paused: true,
  play() { this.paused = false; this.last = performance.now(); requestAnimationFrame(() => this.tick()); },
  pause() { this.paused = true; },
  tick() {
    if (this.paused) return;
    const now = performance.now();
    this.currentTime += (now - this.last) / 1000 * this.playbackRate;
    this.last = now;
    if (this.currentTime >= player.duration) { this.currentTime = player.duration; this.paused = true; }
    player.show(this.currentTime);
    requestAnimationFrame(() => this.tick());
  } };

/** Show a film from the start. `folder` contains its file. */
player.open = (film, folder) => {
  player.film = film;
  player.masklets = film.masklets[0] ?? { frame_times_s: [], masklets: [] };
  player.duration = film.videos[0]?.duration_s ?? 0;
  player.hidden.clear();
  player.index = player.end = null;
  player.use(film.file ? video : still);
  const { width_px: width, height_px: height } = film.videos[0] ?? { width_px: 16, height_px: 9 };
  at("screen").style.setProperty("--shape", width / height);
  at("unplayed").hidden = !film.unplayed;
  at("unplayed").textContent = film.unplayed ?? "";
  if (player.address) URL.revokeObjectURL(player.address);
  player.address = null;
  still.currentTime = 0;
  if (film.file) player.source(`${folder}/${film.file}`, film);
  else video.removeAttribute("src"), video.load();
  player.show(0);
};

player.use = (source) => { video.pause(); still.pause(); player.source_ = source; };

/** A server that cannot send a part of a file, such as Python's, lets no browser move in a film:
 *  then it is loaded whole. */
player.source = async (address, film) => {
  if (location.protocol !== "file:") {
    try {
      const reply = await fetch(address, { headers: { Range: "bytes=0-0" } });
      if (reply.status === 200) address = player.address = URL.createObjectURL(await reply.blob());
    } catch { /* the film itself will say so */ }
  }
  if (player.film === film) video.src = address;
};

video.onerror = () => {
  if (!player.film?.file || !video.getAttribute("src")) return;
  at("unplayed").textContent = "This browser cannot play the film, or the file is gone. Only its masks are shown.";
  at("unplayed").hidden = false;
  player.use(still);
};

player.now = () => player.source_.currentTime;
player.toggle = () => (player.source_.paused ? player.play(null) : player.source_.pause());

/** Play on from here; up to a time, if one is given. */
player.play = (end) => {
  player.end = end;
  if (end === null && player.now() >= player.duration - 0.05) player.seek(0);
  player.source_.playbackRate = Number(at("rate").value);
  player.source_.play()?.catch?.(() => {});
};

player.seek = (time) => {
  player.end = null;
  player.source_.currentTime = Math.max(0, Math.min(time, player.duration));
  player.show(player.source_.currentTime);
};

player.playWindow = (start, end) => { player.seek(start); player.play(end); };

/** Go to a sampled frame before or after this one. */
player.step = (by) => {
  const times = player.masklets.frame_times_s;
  player.source_.pause();
  if (times.length) player.seek(times[Math.max(0, Math.min(times.length - 1, player.sample(player.now()) + by))] + 0.001);
};

/** The sampled frame nearest to a time. */
player.sample = (time) => {
  const times = player.masklets.frame_times_s;
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] + times[middle + 1]) / 2 > time) high = middle; else low = middle + 1;
  }
  return low;
};

/** Show what belongs to a time. */
player.show = (time) => {
  if (player.end !== null && time >= player.end - 0.02) {
    player.source_.pause();
    player.end = null;
  }
  player.draw(player.sample(time));
  player.onTime(time);
};

player.draw = (index) => {
  const wanted = [index, player.masksOn, ...player.hidden, "|", ...(player.only ?? ["all"])].join();
  if (wanted === player.index) return;
  player.index = wanted;
  const masks = !player.masksOn ? [] : player.masklets.masklets
    .filter((m) => m.masks[index] && !player.hidden.has(m.entity) && (!player.only || player.only.includes(m.entity)))
    .map((m) => [m.masks[index], colourOf(m.entity).match(/\d+/g).map(Number)]);
  drawMasks(at("masks"), player.masklets.height_px ?? 1, player.masklets.width_px ?? 1, masks);
};

/** Follow each frame that is shown, as exactly as the browser says which one it is. */
function follow(_, frame) {
  if (player.film && player.source_ === video) player.show(frame?.mediaTime ?? video.currentTime);
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(follow);
  else requestAnimationFrame(follow);
}
follow();

const colourOf = (entity) => about.colours[entity % about.colours.length];
let about = null; // facts about the run: see write_gallery

at("play").onclick = player.toggle;
at("back").onclick = () => player.step(-1);
at("forth").onclick = () => player.step(1);
at("rate").onchange = () => { player.source_.playbackRate = Number(at("rate").value); };
at("shown").onclick = () => { player.masksOn = !player.masksOn; at("shown").classList.toggle("off", !player.masksOn); player.show(player.now()); };
at("sound").onclick = () => { video.muted = !video.muted; at("sound").classList.toggle("off", video.muted); };
at("sound").click();
at("screen").onclick = player.toggle;
