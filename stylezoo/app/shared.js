// What both halves of the page share: messages to the server, the visit, tabs, files that are dropped or chosen.

export const $ = id => document.getElementById(id);

let visit = null;
export const place = path => `visits/${visit}${path}`;

/** Show one line about what went wrong, or none. */
export function trouble(words) {
  $("trouble").textContent = words || "";
  $("trouble").hidden = !words;
  if (words) $("trouble").scrollIntoView({block: "nearest"});
}

/** The answer of the server to a message; an answer that refuses is an error with the server's words. */
export async function ask(method, path, body) {
  const isFile = body instanceof Blob;
  let answer;
  try {
    answer = await fetch(path, {method, body: isFile || body === undefined ? body : JSON.stringify(body)});
  } catch {
    throw new Error("The server does not answer. It may have ended: start 'stylezoo app' again.");
  }
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told?.error || `The server refuses: ${answer.status}.`);
  return told;
}

/** Do something whose failure is shown in one line; null if it has failed. */
export async function trying(work) {
  try {
    const done = await work();
    trouble("");
    return done;
  } catch (error) {
    trouble(error.message);
    return null;
  }
}

export function make(name, parent, properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  parent.append(made);
  return made;
}

let largest = Infinity;

export function setLargest(bytes) {
  largest = bytes;
}

/** Send a file to a place of the visit. */
export function send(path, file) {
  if (file.size > largest) throw new Error(`'${file.name}' is too large: ${largest / 2 ** 20} MB are possible.`);
  return ask("PUT", place(`${path}?name=${encodeURIComponent(file.name)}`), file);
}

/** Call a function with the files that are dropped onto an element or chosen with an input. */
export function onFiles(element, input, take) {
  const chosen = files => files.length && take([...files]);
  input.addEventListener("change", () => { chosen(input.files); input.value = ""; });
  element.addEventListener("dragover", event => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", event => {
    event.preventDefault();
    element.classList.remove("over");
    chosen(event.dataTransfer.files);
  });
}

export const look = () => ask("GET", place(""));

function select(name) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isChosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
}
export const showDrawing = () => select("draw");

for (const name of ["draw", "train"]) {
  $(`tab-${name}`).addEventListener("click", () => select(name));
  $(`tab-${name}`).addEventListener("keydown", event => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    select(name === "draw" ? "train" : "draw");
    document.querySelector("[role=tab][aria-selected=true]").focus();
  });
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const code = $(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
}

/** The visit of this page, also when it is loaded again: its id is kept as long as the tab is open. */
export async function begin() {
  visit = sessionStorage.getItem("visit");
  if (visit) {
    try {
      return await look();
    } catch { /* it has ended */ }
  }
  visit = (await ask("POST", "visits")).visit;
  sessionStorage.setItem("visit", visit);
  return look();
}

