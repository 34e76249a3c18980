// The start of the page.

import {ask, begin, look, place, setLargest, trying} from "./shared.js";
import {startDrawing} from "./draw.js";
import {startTraining} from "./train.js";

const here = () => look().catch(() => {});
addEventListener("pagehide", () => navigator.sendBeacon(place("/leave")));
addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
for (const event of ["dragover", "drop"]) addEventListener(event, each => each.preventDefault()); // else it is opened

await trying(async () => {
  const [known, offers] = [await begin(), await ask("GET", "offers")];
  setLargest(offers.largest);
  startDrawing(known, offers);
  startTraining(known, offers);
  setInterval(here, 20000);
});
document.body.dataset.ready = "yes";
