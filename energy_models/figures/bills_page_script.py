"""Style and script of the page of bills: plain text that a browser reads, kept apart from the Python that fills it."""

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 70rem; margin: 1.2rem auto; padding: 0 1rem; }
h1 { font-size: 1.25rem; margin: .6rem 0; }
.doubt { color: #a33500; font-size: .85rem; margin: 0; overflow-wrap: anywhere; }
.note { margin: .3rem 0; }
fieldset { display: inline-block; border: 1px solid #ccc; border-radius: 4px; margin: 0 .6rem .5rem 0; padding: .1rem .6rem .3rem; }
legend { font-size: .8rem; color: #555; }
label { margin-right: .7rem; white-space: nowrap; }
svg { width: 100%; display: block; }
svg text { font-size: 12px; fill: #222; }
svg .quiet { fill: #666; }
svg rect.part { stroke: #fff; stroke-width: .7; cursor: pointer; }
svg rect.part:hover, svg rect.part:focus { stroke: #000; stroke-width: 1.5; outline: none; }
#legend button { font: inherit; font-size: .85rem; border: 1px solid #ccc; border-radius: 4px; background: #fff;
  margin: .2rem .4rem .2rem 0; padding: .1rem .5rem; cursor: pointer; }
#legend button[aria-pressed=false] { opacity: .4; text-decoration: line-through; }
#legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
#tip { position: fixed; display: none; pointer-events: none; background: #fff; border: 1px solid #888; border-radius: 4px;
  padding: .4rem .6rem; font-size: .85rem; box-shadow: 0 2px 6px #0003; max-width: 26rem; z-index: 2; }
table { border-collapse: collapse; margin: 1.2rem 0; font-size: .85rem; }
caption { text-align: left; color: #555; padding-bottom: .3rem; }
td, th { border-bottom: 1px solid #ddd; padding: .2rem .7rem .2rem 0; text-align: right; font-weight: normal; }
tr > th:first-child { text-align: left; }
td span { color: #666; }
"""

SCRIPT = r"""
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const state = { ...data.first, hidden: new Set(), left: new Set() };
const tip = document.getElementById("tip");
const make = (tag, attributes = {}, text = "", svg = false) => {
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== "") node.textContent = text;
  return node;
};

const PREFIXES = [[1e9, "GJ"], [1e6, "MJ"], [1e3, "kJ"], [1, "J"], [1e-3, "mJ"], [1e-6, "µJ"], [1e-9, "nJ"], [1e-12, "pJ"],
  [1e-15, "fJ"], [1e-18, "aJ"]];
function joules(x, digits = 3) {
  if (x === 0) return "0 J";
  const [size, name] = PREFIXES.find(([size]) => Math.abs(x) >= size) ?? PREFIXES[PREFIXES.length - 1];
  return `${Number((x / size).toPrecision(digits))} ${name}`;
}
const percent = x => `${Number((100 * x).toPrecision(2))} %`;
const range = ([nominal, low, high]) => `${joules(nominal)} (${joules(low, 2)} to ${joules(high, 2)})`;

const rank = scope => Math.min(data.scopes.indexOf(scope), data.scopes.indexOf("chip"));
const inside = component => data.scopes.indexOf(component.scope) <= rank(state.scope);
const AROUND = data.roles[data.roles.length - 1];

function shade(role, n, of) {  // components of one role: its colour, lighter and lighter
  const rgb = [1, 3, 5].map(i => parseInt(data.colours[role].slice(i, i + 2), 16));
  const mix = of > 1 ? 0.6 * n / (of - 1) : 0;
  return `rgb(${rgb.map(c => Math.round(c + (255 - c) * mix)).join(",")})`;
}

function parts(bill) {  // segments inside the chosen boundary, in the order of the roles
  const found = [];
  for (const role of data.roles) {
    if (role === AROUND) {
      const around = bill.around[state.scope];
      if (around && around[0] > 0) found.push({ key: role, role, joules: around, colour: data.colours[role], list: [] });
      continue;
    }
    const own = bill.components.filter(c => c.role === role && inside(c)).sort((a, b) => b.joules[0] - a.joules[0]);
    if (!own.length) continue;
    if (state.by === "component") {
      own.forEach((c, n) => found.push({ key: c.name, role, joules: c.joules, colour: shade(role, n, own.length), list: [] }));
    } else {
      const sums = bill.roles[data.scopes[rank(state.scope)]];
      found.push({ key: role, role, joules: sums[role], colour: data.colours[role], list: own });
    }
  }
  return found.filter(part => part.joules[0] > 0);
}

function nice(most) {  // about five ticks from 0 to `most`
  const rough = most / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * (1 - 1e-9));
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => n * step);
}

function explain(bill, part, total) {
  const lines = [make("b", {}, `${bill.label}: ${part.key}`)];
  lines.push(make("div", {}, `${range(part.joules)}, ${percent(part.joules[0] / total)} of what is inside the boundary`));
  for (const c of part.list.slice(0, 8)) lines.push(make("div", {}, `${c.name}: ${range(c.joules)}`));
  if (part.list.length > 8) lines.push(make("div", {}, `and ${part.list.length - 8} smaller ones`));
  if (part.role !== part.key) lines.push(make("div", {}, `spent on: ${part.role}`));
  tip.replaceChildren(...lines);
}
function place(x, y) {
  tip.style.display = "block";
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18}px`;
}

function draw() {
  const chart = document.getElementById("chart");
  const width = Math.max(chart.clientWidth, 520), left = Math.min(250, width * 0.32), right = 175, tall = 44;
  const bills = data.bills.filter(bill => !state.left.has(bill.label));
  const rows = bills.map(bill => {
    const all = parts(bill), shown = all.filter(part => !state.hidden.has(part.role));
    const total = bill.totals[state.scope][0], unit = state.shares && total > 0 ? total : 1;
    return { bill, all, shown, total, unit, sum: shown.reduce((s, part) => s + part.joules[0], 0) / unit };
  });
  const whisker = row => !state.shares && row.shown.length === row.all.length;
  const most = Math.max(...rows.map(row => whisker(row) ? Math.max(row.sum, row.bill.totals[state.scope][2]) : row.sum), 0);
  const scale = x => left + (most > 0 ? x / most : 0) * (width - left - right);
  const height = rows.length * tall + 46;
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img",
    "aria-label": `stacked bars of ${state.shares ? "shares" : "joules"} inside the boundary ${state.scope}` }, "", true);
  const add = (tag, attributes, text = "") => svg.appendChild(make(tag, attributes, text, true));
  if (most > 0) for (const tick of nice(most)) {
    add("line", { x1: scale(tick), x2: scale(tick), y1: 4, y2: rows.length * tall + 4, stroke: "#ddd" });
    add("text", { x: scale(tick), y: rows.length * tall + 20, "text-anchor": "middle" },
      state.shares ? percent(tick) : joules(tick));
  }
  rows.forEach((row, n) => {
    const y = n * tall + 10, words = row.bill.label.split(" ");
    const lines = words.reduce((all, word) => {
      const last = all[all.length - 1];
      if (last && (last + " " + word).length * 6.4 < left - 12) all[all.length - 1] = `${last} ${word}`; else all.push(word);
      return all;
    }, []).slice(0, 3);
    lines.forEach((line, k) => add("text", { x: left - 8, y: y + 16 + 14 * (k - (lines.length - 1) / 2),
      "text-anchor": "end" }, line));
    if (row.total === 0) {
      add("text", { x: left + 6, y: y + 16, class: "quiet" }, `no joules inside ${state.scope}: its prices are of the whole chip`);
      return;
    }
    let at = 0;
    for (const part of row.shown) {
      const x = scale(at), w = scale(at + part.joules[0] / row.unit) - x;
      at += part.joules[0] / row.unit;
      const rect = add("rect", { x, y, width: Math.max(w, 0.5), height: 24, fill: part.colour, class: "part", tabindex: 0,
        "aria-label": `${row.bill.label}: ${part.key} ${joules(part.joules[0])}` });
      rect.addEventListener("mousemove", event => { explain(row.bill, part, row.total); place(event.clientX, event.clientY); });
      rect.addEventListener("focus", () => { const box = rect.getBoundingClientRect(); explain(row.bill, part, row.total);
        place(box.left + box.width / 2, box.top + 10); });
      for (const gone of ["mouseleave", "blur"]) rect.addEventListener(gone, () => { tip.style.display = "none"; });
    }
    const [nominal, low, high] = row.bill.totals[state.scope];
    let end = scale(row.sum);
    if (whisker(row)) {
      end = Math.max(end, scale(high));
      add("path", { d: `M${scale(low)} ${y + 12}H${scale(high)}M${scale(low)} ${y + 7}v10M${scale(high)} ${y + 7}v10`,
        stroke: "#000", fill: "none" });
    }
    add("text", { x: end + 8, y: y + 10 }, joules(nominal));
    add("text", { x: end + 8, y: y + 24, class: "quiet" }, `${joules(low, 2)} to ${joules(high, 2)}`);
  });
  const axis = state.shares ? "share of the joules" : "joules; bars: stated values, whiskers: central 90 %";
  add("text", { x: left, y: height - 8, class: "quiet" }, `${axis}, inside the boundary: ${state.scope}`);
  chart.replaceChildren(svg);
  legend(rows);
}

function legend(rows) {
  const present = data.roles.filter(role => rows.some(row => row.all.some(part => part.role === role)));
  document.getElementById("legend").replaceChildren(...present.map(role => {
    const button = make("button", { type: "button", "aria-pressed": !state.hidden.has(role), title: "click to hide or show" });
    button.append(make("i", { style: `background:${data.colours[role]}` }), role);
    button.addEventListener("click", () => {
      if (!state.hidden.delete(role)) state.hidden.add(role);
      draw();
    });
    return button;
  }));
}

function group(title, type, options, checked, change) {
  const box = make("fieldset");
  box.append(make("legend", {}, title));
  for (const [value, text] of options) {
    const input = make("input", { type, name: title, value }), label = make("label");
    input.checked = checked(value);
    input.addEventListener("change", () => { change(value, input.checked); draw(); });
    label.append(input, ` ${text}`);
    box.append(label);
  }
  return box;
}

const same = names => names.map(name => [name, name]);
document.getElementById("controls").append(
  group("inside the boundary", "radio", data.scopes.map(s => [s, s === "facility" ? "facility (node x PUE)" : s]),
    value => value === state.scope, value => { state.scope = value; }),
  group("split by", "radio", same(["role", "component"]), value => value === state.by, value => { state.by = value; }),
  group("bars show", "radio", [["shares", "shares"], ["joules", "joules"]], value => (value === "shares") === state.shares,
    value => { state.shares = value === "shares"; }),
  group("bills", "checkbox", same(data.bills.map(bill => bill.label)), () => true,
    (value, on) => { if (on) state.left.delete(value); else state.left.add(value); }),
);
addEventListener("resize", draw);
draw();
"""
