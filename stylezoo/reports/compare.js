"use strict";
// The page of a comparison: any two pictures of a row over each other, with a line between them that can be moved.

function element(name, parent, properties) {
  const made = Object.assign(document.createElement(name), properties);
  parent.append(made);
  return made;
}

const dialog = element("dialog", document.body);
const heading = element("h2", dialog);
const stage = element("div", dialog, {className: "stage"});
const below = element("img", stage), above = element("img", stage);
const line = element("input", dialog, {type: "range", min: 0, max: 100, value: 50, ariaLabel: "Place of the line"});
const choices = element("p", dialog, {className: "choices"});
const left = choice("Left"), right = choice("Right");
element("button", choices, {type: "button", textContent: "Close"}).addEventListener("click", () => dialog.close());
let shown = [];

function choice(label) {
  const box = element("label", choices, {textContent: `${label} `});
  const made = element("select", box);
  made.addEventListener("change", draw);
  return made;
}

function draw() {
  const [before, after] = [left, right].map(each => shown[each.selectedIndex]);
  for (const [image, of] of [[below, after], [above, before]]) {
    image.src = of.src;
    image.alt = of.alt;
  }
  stage.style.aspectRatio = `${before.width} / ${before.height}`;
  stage.style.setProperty("--shape", before.width / before.height);
  move();
}

function move() {
  stage.style.setProperty("--line", `${line.value}%`);
}

function open(row, index) {
  shown = [...row.querySelectorAll("img")].map(image => (
    {src: image.src, alt: image.alt, width: image.naturalWidth, height: image.naturalHeight}));
  heading.textContent = row.parentElement.querySelector("h2").textContent;
  const names = [...row.querySelectorAll("figcaption")].map(each => each.textContent);
  [left, right].forEach(select => select.replaceChildren(...names.map(name => new Option(name))));
  left.selectedIndex = 0;
  right.selectedIndex = index || Math.min(1, names.length - 1);
  draw();
  dialog.showModal();
  line.focus();
}

line.addEventListener("input", move);
function follow(event) {
  if (event.type === "pointermove" && !event.buttons) return;
  const box = stage.getBoundingClientRect();
  const share = Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width));
  line.value = share; // which is rounded
  stage.style.setProperty("--line", `${share}%`);
}
stage.addEventListener("pointerdown", follow);
stage.addEventListener("pointermove", follow);
dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });

for (const row of document.querySelectorAll(".results")) {
  row.querySelectorAll("figure").forEach((figure, index) => {
    const image = figure.querySelector("img");
    const button = document.createElement("button");
    button.type = "button";
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => open(row, index));
  });
}
