"use strict";
// COCO run-length codes, as pycocotools writes them, to pixels. Runs go down the columns.

/** The lengths of runs outside and inside of the mask, in turn. */
function runsOf(counts) {
  const runs = [];
  let number = 0, bits = 0;
  for (let i = 0; i < counts.length; i++) {
    const code = counts.charCodeAt(i) - 48;
    number += (code & 31) * 2 ** bits;
    bits += 5;
    if (code & 32) continue;
    if (code & 16) number -= 2 ** bits;
    runs.push(number + (runs.length > 2 ? runs[runs.length - 2] : 0));
    number = bits = 0;
  }
  return runs;
}

/** 1 inside the mask, row by row, for every `step`-th row and column. */
function pixelsOf(rle, step) {
  const [height, width] = rle.size;
  const columns = Math.ceil(width / step), rows = Math.ceil(height / step);
  const pixels = new Uint8Array(columns * rows);
  let place = 0, inside = false;
  for (const run of runsOf(rle.counts)) {
    for (let p = place; inside && p < place + run;) {
      const x = Math.floor(p / height), end = Math.min(place + run, (x + 1) * height);
      if (x % step === 0) {
        const last = Math.ceil((end - x * height) / step);
        for (let y = Math.ceil((p - x * height) / step); y < last; y++) pixels[y * columns + x / step] = 1;
      }
      p = end;
    }
    place += run;
    inside = !inside;
  }
  return { pixels, columns, rows };
}

const LARGEST = 960; // maximum length in pixels of the longer side to draw

/** Draw masks, each a pair of code and colour [r, g, b], over each other: a tint and an outline. */
function drawMasks(canvas, height, width, masks) {
  const step = Math.max(1, Math.ceil(Math.max(height, width) / LARGEST));
  canvas.width = Math.ceil(width / step);
  canvas.height = Math.ceil(height / step);
  if (!masks.length) return;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(image.data.buffer); // one pixel each: alpha, blue, green, red
  for (const [rle, [r, g, b]] of masks) {
    const { pixels, columns } = pixelsOf(rle, step);
    const colour = (b << 16) | (g << 8) | r;
    for (let p = 0; p < pixels.length; p++) {
      if (!pixels[p]) continue;
      const x = p % columns;
      const edge = !pixels[p - columns] || !pixels[p + columns] || !x || !pixels[p - 1] || x === columns - 1 || !pixels[p + 1];
      words[p] = ((edge ? 255 : 105) << 24) | colour;
    }
  }
  context.putImageData(image, 0, 0);
}
