// Training: pictures of both sides, the model, and how it goes.

import {$, ask, look, make, onFiles, place, send, showDrawing, trouble, trying} from "./shared.js";
import {chooseStyle, haveStyles} from "./draw.js";

const PAUSE = 2000; // milliseconds from one look to the next
let models = [], shownSheet = null, timer = 0;

export function startTraining(known, offers) {
  models = offers.models;
  $("tab-train").parentElement.hidden = !models.length; // where strangers come, nothing may be trained
  if (!models.length) return;
  for (const model of models) make("option", $("model"), {textContent: model.name, value: model.name});
  for (const box of document.querySelectorAll("[data-role]")) {
    known.lessons[box.dataset.role].forEach(name => addThumb(box, null, name));
    onFiles(box, box.querySelector("input"), files => addFiles(box, files));
    box.querySelector(".remove").addEventListener("click", () => removeFiles(box));
    showRemove(box);
  }
  $("model").addEventListener("change", about);
  $("start").addEventListener("click", start);
  $("stop").addEventListener("click", stop);
  $("use").addEventListener("click", use);
  about();
  show(known);
}

function about() {
  $("about").textContent = models.find(model => model.name === $("model").value)?.about || "";
}

function showRemove(box) {
  box.querySelector(".remove").hidden = !box.querySelector("figure");
}

function addThumb(box, file, name) {
  const figure = make("figure", box.querySelector(".thumbs"));
  if (file) make("img", figure, {alt: "", src: URL.createObjectURL(file)}).onerror = event => event.target.remove();
  make("figcaption", figure, {textContent: name});
}

async function addFiles(box, files) {
  for (const file of files) {
    const names = await trying(() => send(`/lessons/${box.dataset.role}`, file));
    if (!names) break;
    addThumb(box, file, names.at(-1));
  }
  showRemove(box);
}

async function removeFiles(box) {
  await trying(() => ask("DELETE", place(`/lessons/${box.dataset.role}`)));
  box.querySelector(".thumbs").replaceChildren();
  showRemove(box);
}

async function start() {
  const steps = $("steps").value === "" ? null : +$("steps").value;
  shownSheet = null;
  $("sheet").hidden = true;
  if (await trying(() => ask("POST", place("/training"), {model: $("model").value, steps}))) {
    await follow();
    $("lesson").scrollIntoView({block: "nearest"}); // on a telephone it is far below the button
  }
}

async function stop() {
  $("stop").disabled = true;
  $("state").textContent = "Stopping; what is learned is saved.";
  await trying(() => ask("DELETE", place("/training")));
  $("stop").disabled = false;
  await follow();
}

async function follow() {
  clearTimeout(timer);
  const known = await look().catch(error => { trouble(error.message); return null; });
  if (known) show(known);
}

function show(known) {
  const training = known.training;
  haveStyles(known.styles);
  $("lesson").hidden = !training || (!training.mine && !training.running);
  $("start").disabled = Boolean(training?.running);
  $("stop").hidden = !known.may_stop;
  if (!training) return;
  document.body.dataset.training = training.running ? "running" : "ended";
  const steps = training.steps ? `Step ${training.step} of ${training.steps}. ` : "";
  $("state").textContent = `${training.mine ? "" : "Somebody else's training. "}${steps}${training.state}`;
  $("steps-done").value = training.steps ? training.step / training.steps : 0;
  $("train-command").textContent = training.command || "";
  $("train-command").parentElement.hidden = !training.command;
  if (training.sheet && training.sheet !== shownSheet) {
    shownSheet = training.sheet;
    $("sheet").src = `${place("/training/sheet")}?step=${shownSheet}`;
    $("sheet").hidden = false;
  }
  $("use").hidden = training.running || !training.style;
  $("use").dataset.style = training.style || "";
  if (training.running) timer = setTimeout(follow, PAUSE);
}

async function use() {
  const known = await look();
  const number = known.styles.findIndex(style => style.name === $("use").dataset.style);
  haveStyles(known.styles);
  if (number >= 0) chooseStyle(number);
  showDrawing();
}
