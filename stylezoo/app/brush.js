// Painting a mask with the pointer, on a canvas over the photograph: what is painted is white, all else is transparent.

import {$} from "./shared.js";

const LONGEST = 1024; // pixels of the longer side of a mask
const canvas = $("canvas"), stage = $("stage");
const context = canvas.getContext("2d");
const kept = new Map(); // what was painted for each style
let last = null, changed = false, current = null;

/** Forget all masks: there is another photograph. */
export function forget(width, height) {
  kept.clear();
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
}

/** Show the canvas with what was painted for a style before. */
export function show(style) {
  current = style;
  changed = false;
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (kept.has(style)) context.putImageData(kept.get(style), 0, 0);
  canvas.hidden = false;
  stage.classList.add("painting");
}

/** Put the canvas away: its PNG, null if nothing is painted, undefined if nothing has changed. */
export async function finish() {
  canvas.hidden = true;
  stage.classList.remove("painting");
  if (!changed) return undefined;
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  if (!pixels.data.some((value, i) => i % 4 === 3 && value)) {
    kept.delete(current);
    return null;
  }
  kept.set(current, pixels);
  const white = document.createElement("canvas");
  [white.width, white.height] = [canvas.width, canvas.height];
  const paint = white.getContext("2d");
  paint.drawImage(canvas, 0, 0);
  paint.globalCompositeOperation = "source-in";
  paint.fillStyle = "#fff";
  paint.fillRect(0, 0, white.width, white.height);
  return new Promise(resolve => white.toBlob(resolve, "image/png"));
}

function ink() {
  return getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
}

function dot(event) {
  const box = canvas.getBoundingClientRect();
  const here = [(event.clientX - box.left) / box.width * canvas.width, (event.clientY - box.top) / box.height * canvas.height];
  context.globalCompositeOperation = $("erase").checked ? "destination-out" : "source-over";
  context.strokeStyle = ink();
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = $("brush-size").value / 100 * Math.max(canvas.width, canvas.height);
  context.beginPath();
  context.moveTo(...(last || here));
  context.lineTo(...here);
  context.stroke();
  [last, changed] = [here, true];
}

canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  last = null;
  dot(event);
});
canvas.addEventListener("pointermove", event => { if (event.buttons) dot(event); });
canvas.addEventListener("pointerup", () => { last = null; });
$("clear").addEventListener("click", () => {
  context.clearRect(0, 0, canvas.width, canvas.height);
  changed = true;
});
$("fill").addEventListener("click", () => {
  context.globalCompositeOperation = "source-over";
  context.fillStyle = ink();
  context.fillRect(0, 0, canvas.width, canvas.height);
  changed = true;
});
