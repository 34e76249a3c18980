"use strict";
// The page of one run. What the reader has chosen is kept in the history entry, which outlives a reload.

const data = JSON.parse(document.getElementById("data").textContent);
const kept = history.state || {};
function keep(change) {
  Object.assign(kept, change);
  history.replaceState(kept, "");
}

const sheets = [...document.querySelectorAll(".sheet")];
const slider = document.getElementById("step");
function show(index) {
  sheets.forEach((sheet, i) => { sheet.hidden = i !== index; });
  if (!slider) return; // there is one sheet only, with its caption
  sheets[index].querySelector("figcaption").hidden = true;
  slider.value = index;
  document.getElementById("shown").textContent = `step ${sheets[index].dataset.step}`;
  slider.setAttribute("aria-valuetext", `step ${sheets[index].dataset.step}`);
}
function choose(index) {
  const bounded = Math.min(sheets.length - 1, Math.max(0, index));
  show(bounded);
  keep({step: bounded === sheets.length - 1 ? null : sheets[bounded].dataset.step}); // the newest stays the newest
}
if (sheets.length) {
  const before = sheets.findIndex(sheet => sheet.dataset.step === kept.step);
  show(before < 0 ? sheets.length - 1 : before);
}
if (slider) {
  slider.addEventListener("input", () => choose(Number(slider.value)));
  document.addEventListener("keydown", event => {
    const way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey || event.target === slider) return;
    choose(Number(slider.value) + way);
  });
}

const remembered = (name, first) => ({
  ...first, ...kept[name], changed: change => keep({[name]: {...kept[name], ...change}}),
});
const {steps, series} = data.losses;
const places = name => document.querySelector(`#${name} .charts`);
if (steps.length) {
  const curves = series.map(([name, values], i) => ({name, values, colour: i}));
  chart(places("losses"), steps, curves, remembered("losses", {large: true, key: "losses"}));
}
if (data.figures.steps.length) {
  const marks = Object.entries(data.baselines);
  for (const [name, values] of data.figures.series) {
    const lines = marks.filter(([, numbers]) => Object.hasOwn(numbers, name)).map(([label, numbers], i) => (
      {name: label, values: values.map(() => numbers[name]), colour: [7, 3, 2, 4][i % 4], dashed: true}));
    chart(places("figures"), data.figures.steps, [{name, values, colour: 0}, ...lines],
      remembered(`figure ${name}`, {title: name, key: "figures"}));
  }
}

// An unfinished page is read again: soon while somebody writes it, rarely when nobody has for long.
function age() {
  return Date.now() / 1000 - data.written;
}
if (data.next) {
  const told = document.getElementById("age");
  const tell = () => {
    const minutes = Math.floor(age() / 60);
    told.textContent = minutes < 2 ? "" : `, ${minutes} minutes ago: is the training still running?`;
  };
  let pressed = false, wanted = false;
  addEventListener("pointerdown", () => { pressed = true; });
  addEventListener("pointerup", () => { pressed = false; });
  addEventListener("pointercancel", () => { pressed = false; });
  const isBusy = () => document.hidden || pressed || !getSelection().isCollapsed;
  setInterval(() => {
    tell();
    if (!wanted || isBusy()) return;
    history.scrollRestoration = "manual";
    keep({scroll: scrollY});
    location.reload();
  }, 1000);
  setTimeout(() => { wanted = true; }, 1000 * Math.max(data.next, age() / 10));
  tell();
}
if (kept.scroll != null) {
  scrollTo(0, kept.scroll);
  keep({scroll: null});
  history.scrollRestoration = "auto";
}
