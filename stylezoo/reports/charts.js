"use strict";
// Curves against the step. Names come from files: they are only ever set as text.

const dark = matchMedia("(prefers-color-scheme: dark)");
const ink = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = [];
dark.addEventListener("change", () => drawn.forEach(plot => plot.redraw()));

function element(name, parent, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  parent.append(made);
  return made;
}

const inWords = value => value == null ? "–" : Number(value.toPrecision(4)).toString();

// steps: numbers; curves: [{name, values, colour, dashed}]; options: {title, large, hidden, log, changed, zoom, key}.
function chart(parent, steps, curves, options) {
  const box = element("div", parent, undefined, options.large ? "chart large" : "chart");
  if (options.title) element("h3", box, options.title);
  const place = element("div", box, undefined, "place");
  const legend = element("div", box, undefined, "legend");
  const at = element("b", legend, "");
  const height = options.large ? 320 : 200;
  const hidden = new Set(options.hidden);
  let log = Boolean(options.log), plot;

  const values = curves.map((curve, i) => {
    const label = element("label", legend);
    label.style.setProperty("--mark", `var(--series-${curve.colour % 10})`);
    const box = element("input", label);
    box.type = "checkbox";
    box.checked = !hidden.has(curve.name);
    box.addEventListener("change", () => {
      hidden[box.checked ? "delete" : "add"](curve.name);
      plot.setSeries(i + 1, {show: box.checked});
      options.changed({hidden: [...hidden]});
    });
    element("i", label, undefined, curve.dashed ? "dashed" : "");
    element("span", label, curve.name);
    return element("b", label, "");
  });

  function tell(plot) {
    const shown = plot.cursor.idx ?? steps.length - 1;
    at.textContent = `step ${steps[shown]}`;
    values.forEach((place, i) => { place.textContent = inWords(curves[i].values[shown]); });
  }

  function draw() {
    const range = plot && [plot.scales.x.min, plot.scales.x.max];
    if (plot) drawn.splice(drawn.indexOf(plot), 1), plot.destroy();
    const fit = value => log && !(value > 0) ? null : value;
    const axis = {stroke: () => ink("--quiet"), grid: {stroke: () => ink("--line"), width: 1}, ticks: {stroke: () => ink("--line"), width: 1}};
    plot = new uPlot({
      width: place.clientWidth, height,
      legend: {show: false},
      cursor: {sync: {key: options.key}, points: {size: 7}},
      scales: {x: {time: false}, y: {distr: log ? 3 : 1}},
      axes: [{...axis, size: 34}, {...axis, size: 58, values: (_, ticks) => ticks.map(each => each == null ? "" : inWords(each))}],
      series: [{}, ...curves.map(curve => ({
        label: curve.name, show: !hidden.has(curve.name), width: curve.dashed ? 1.25 : 1.75,
        dash: curve.dashed ? [5, 4] : undefined, stroke: () => ink(`--series-${curve.colour % 10}`),
        points: {show: steps.length < 2},
      }))],
      hooks: {
        setCursor: [tell],
        setSelect: [plot => options.changed({zoom: plot.select.width ? [plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")] : null})],
      },
    }, [steps, ...curves.map(curve => curve.values.map(fit))], place);
    plot.over.addEventListener("dblclick", () => options.changed({zoom: null}));
    drawn.push(plot);
    const zoom = range || options.zoom;
    if (zoom) plot.setScale("x", {min: zoom[0], max: zoom[1]});
    tell(plot);
  }

  if (curves.some(curve => curve.values.some(value => value > 0))) {
    const label = element("label", legend, undefined, "switch");
    const box = element("input", label);
    box.type = "checkbox";
    box.checked = log;
    element("span", label, "log scale");
    box.addEventListener("change", () => { log = box.checked; options.changed({log}); draw(); });
  }
  draw();
  new ResizeObserver(() => plot.width !== place.clientWidth && plot.setSize({width: place.clientWidth, height})).observe(place);
}
