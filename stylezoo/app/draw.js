// Drawing: the photograph, the styles and the look, a small preview while they change, the whole picture on demand.

import {$, ask, look, make, onFiles, place, send, trouble, trying} from "./shared.js";
import * as brush from "./brush.js";

const PAUSE = 250; // milliseconds without a change before a preview is drawn
let rows = [], masks = {}, photo = null;
let timer = 0, isDrawing = false, next = null, painting = null;

export function startDrawing(known, offers) {
  haveStyles(known.styles);
  if (!known.photo) rows[0].slider.value = 1;
  rows.forEach(showRow);
  for (const name of offers.samples) {
    $("samples").hidden = false;
    make("button", $("samples"), {type: "button", textContent: name}).addEventListener("click", () =>
      take(() => ask("POST", place("/sample"), name)));
  }
  for (const [element, input] of [[$("drop"), $("file")], [$("shown"), $("another")]]) {
    onFiles(element, input, ([file]) => take(() => send("/photo", file)));
  }
  for (const id of ["strength", "stroke", "keep_colour", "size", "seed"]) $(id).addEventListener("input", change);
  if (known.photo) {
    if (!rows.some(row => +row.slider.value)) rows[0].slider.value = 1;
    rows.forEach(showRow);
    masks = known.masks;
    havePhoto(known.photo);
  }
  change();
}

/** Show the styles of the server; those that are shown already stay as they are set. */
export function haveStyles(styles) {
  styles.slice(rows.length).forEach((style, i) => rows.push(addRow(style, rows.length)));
}

/** Take one style alone. */
export function chooseStyle(number) {
  rows.forEach((row, i) => { row.slider.value = i === number ? 1 : 0; });
  change();
}

function addRow(style, number) {
  const box = make("div", $("styles"), {className: "style", title: style.about});
  make("label", box, {textContent: style.name, htmlFor: `style-${number}`});
  const slider = make("input", box, {type: "range", id: `style-${number}`, min: 0, max: 1, step: 0.05, value: 0});
  const output = make("output", box);
  const button = make("button", box, {type: "button", textContent: "Brush", title: `Paint where ${style.name} shall be`});
  slider.addEventListener("input", change);
  button.addEventListener("click", () => paint(number));
  return {name: style.name, box, slider, output, button};
}

function showRow(row, number) {
  const weight = +row.slider.value;
  row.output.textContent = weight ? `${Math.round(100 * weight)}%` : "off";
  row.box.classList.toggle("off", !weight);
  row.button.disabled = !weight || !photo;
  row.button.classList.toggle("has", number in masks);
}

async function take(upload) {
  $("doing").textContent = "Opening ...";
  document.body.dataset.busy = "yes";
  const found = await trying(upload);
  delete document.body.dataset.busy;
  $("doing").textContent = "";
  if (!found) return;
  masks = {};
  stopPainting();
  havePhoto(found);
  change();
}

function havePhoto(found) {
  photo = found;
  brush.forget(photo.width, photo.height);
  $("drop").hidden = true;
  $("shown").hidden = false;
  $("before").src = `${place("/view")}?${Date.now()}`;
  $("after").removeAttribute("src");
  $("stage").classList.add("alone");
  $("stage").style.aspectRatio = `${photo.width} / ${photo.height}`;
  $("stage").style.setProperty("--shape", photo.width / photo.height);
  $("download").hidden = true;
}

const numberOf = id => ($(id).value === "" ? null : +$(id).value);

function wanted() {
  return {
    weights: rows.map(row => +row.slider.value),
    strength: +$("strength").value,
    stroke: +$("stroke").value < 1 ? null : +$("stroke").value,
    keep_colour: $("keep_colour").checked,
    size: numberOf("size"),
    seed: numberOf("seed"),
  };
}

/** Something is set in another way: show it, and draw a preview after a short pause. */
function change() {
  rows.forEach(showRow);
  $("strength").nextElementSibling.textContent = `${Math.round(100 * $("strength").value)}%`;
  $("stroke").nextElementSibling.textContent = +$("stroke").value < 1 ? "automatic" : `${$("stroke").value} times`;
  $("download").hidden = true;
  clearTimeout(timer);
  if (!photo) return;
  delete document.body.dataset.drawn;
  timer = setTimeout(async () => {
    if (await showLines()) draw(true);
  }, PAUSE);
}

async function showLines() {
  const lines = await trying(() => ask("POST", place("/lines"), wanted()));
  $("repeat").hidden = !lines;
  if (!lines) return false;
  $("command").textContent = lines.command;
  $("python").textContent = lines.python;
  const needed = rows.map((row, i) => [i, row]).filter(([i, row]) => i in masks && +row.slider.value);
  $("files").hidden = !needed.length;
  $("files").replaceChildren("Files that it needs:");
  make("a", $("files"), {textContent: photo.name, href: place("/photo"), download: photo.name});
  for (const [i] of needed) make("a", $("files"), {textContent: masks[i], href: place(`/masks/${i}`), download: masks[i]});
  return true;
}

/** Draw a preview or the whole picture: one at a time, and of what is wanted meanwhile only the last. */
async function draw(preview) {
  if (isDrawing) {
    next = preview;
    return;
  }
  isDrawing = true;
  const asked = {...wanted(), preview};
  $("full").disabled = !preview;
  $("doing").textContent = preview ? "Drawing a preview ..." : "Drawing ...";
  const watching = setInterval(watch, 1000);
  const result = await trying(() => ask("POST", place("/results"), asked));
  clearInterval(watching);
  $("progress").hidden = true;
  $("full").disabled = false;
  isDrawing = false;
  if (next !== null) {
    const again = next;
    next = null;
    if (result && again) await showResult(result);
    return draw(again);
  }
  if (!result) {
    $("doing").textContent = "";
    return;
  }
  await showResult(result);
  const isAsWanted = JSON.stringify({...wanted(), preview}) === JSON.stringify(asked);
  if (isAsWanted) document.body.dataset.drawn = result.full ? "full" : "preview";
  if (isAsWanted && result.full) {
    Object.assign($("download"), {hidden: false, href: place(`/results/${result.number}`), download: result.name});
  }
}

async function showResult(result) {
  const image = new Image();
  image.src = place(`/results/${result.number}`);
  try {
    await image.decode();
  } catch {
    return; // a newer photograph has come
  }
  $("after").src = image.src;
  if (painting === null) $("stage").classList.remove("alone");
  const size = `${result.width} × ${result.height} pixels`;
  $("doing").textContent = result.full ? size : `Preview of ${size}; at full size strokes are finer.`;
  $("full").hidden = result.full;
}

async function watch() {
  const told = await look().catch(() => null);
  if (!told || !isDrawing) return;
  $("progress").hidden = !told.progress;
  $("progress").value = told.progress;
  if (told.before) $("doing").textContent = `Waiting for ${told.before} other drawing${told.before > 1 ? "s" : ""} ...`;
}

function paint(number) {
  if (painting !== null) return finishPainting().then(() => painting === null && paint(number));
  painting = number;
  $("brushed").textContent = rows[number].name;
  for (const id of ["compare", "actions", "doing"]) $(id).hidden = true;
  $("brush").hidden = false;
  brush.show(number);
  $("stage").scrollIntoView({block: "nearest"});
  return null;
}

function stopPainting() {
  painting = null;
  for (const id of ["compare", "actions", "doing"]) $(id).hidden = false;
  $("brush").hidden = true;
}

async function haveMask(number, file) {
  const sent = await trying(() => file ? send(`/masks/${number}`, file) : ask("DELETE", place(`/masks/${number}`)));
  if (!sent) return;
  if (sent.name) masks[number] = sent.name;
  else delete masks[number];
  change();
}

async function finishPainting() {
  const number = painting, painted = await brush.finish();
  stopPainting();
  if ($("after").src) $("stage").classList.remove("alone");
  if (painted !== undefined) await haveMask(number, painted && new File([painted], "mask.png"));
}

$("painted").addEventListener("click", finishPainting);
$("mask-file").addEventListener("change", async () => {
  const [file] = $("mask-file").files, number = painting;
  $("mask-file").value = "";
  await brush.finish();
  stopPainting();
  if (file) await haveMask(number, file);
});
$("full").addEventListener("click", () => { clearTimeout(timer); trouble(""); showLines().then(ok => ok && draw(false)); });
$("line").addEventListener("input", () => $("stage").style.setProperty("--line", `${$("line").value}%`));
$("stage").style.setProperty("--line", "50%");
function follow(event) {
  if (painting !== null || (event.type === "pointermove" && !event.buttons)) return;
  const box = $("stage").getBoundingClientRect();
  const share = Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width));
  $("line").value = share;
  $("stage").style.setProperty("--line", `${share}%`);
}
$("stage").addEventListener("pointerdown", follow);
$("stage").addEventListener("pointermove", follow);
