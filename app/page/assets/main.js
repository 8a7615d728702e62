// SPDX-License-Identifier: Apache-2.0
// Follows the group and shows it.
import { Model, MOVING, UNOWNED, count, lives, number, percent } from "./model.js";
import { PartitionMap } from "./map.js";
import { clock, describePartition, describeWorker, el, note, roleOf, setList, sign } from "./detail.js";

const $ = (selector) => document.querySelector(selector);
// A screen reader announces what is written, even if it is the same.
const write = (to, text) => { if (to.textContent !== text) to.textContent = text; };
const model = new Model();
/** What is selected: {partition} or {worker}; null: nothing. */
let chosen = null;
let orderChosen = false;

function showSummary() {
  const g = model.group;
  const living = model.workers.filter(lives).length;
  const gone = model.workers.length - living;
  $("#group").textContent = g.group;
  document.title = `${g.group}: partita`;
  const facts = { leader: g.leader ?? "none", epoch: String(g.epoch ?? "none"),
    workers: number(living) + (gone ? ` and ${gone} gone` : ""), partitions: number(model.names.length),
    "on the way": number(g.hand_offs.length), "without a worker": number(g.unowned.length) };
  setList($("#summary"), Object.entries(facts).map(([name, value]) =>
    el("div", { "data-fact": name }, el("dt", {}, name), el("dd", {}, value))));
}

function showProblems() {
  const all = model.problems();
  const items = all.slice(0, 12).map(([level, text]) => el("li", { class: level },
    sign(level === "error" ? "✕" : "!"), el("span", { class: "hidden" }, `${level}: `), text));
  if (all.length > 12) items.push(el("li", {}, `and ${all.length - 12} more`));
  if (!all.length) items.push(el("li", { class: "fine" }, sign("✓"), "none"));
  setList($("#problems ul"), items);
}

function showDirectives() {
  const items = model.directives().slice(0, 50).map(([what, whom, x]) => el("li", {},
    el("b", {}, what), whom ? ` ${whom}` : "",
    el("small", {}, note(x) ? ` · ${note(x)}` : null, x.at ? [" · ", clock(x.at)] : null)));
  $("#directives").hidden = !items.length;
  setList($("#directives ul"), items);
}

const SIGNS = { cold_start: "▸", planned_scale: "⇄", rebalance: "⇆", emergency: "!" };

function lineOf(x) {
  if (x.problem) return ["", "!", [x.problem, el("small", {}, x.seen)]];
  if (x.leads) return ["leader", "★", [el("b", {}, x.leads), " leads", el("small", {}, ` · epoch ${x.epoch}`, x.seen)]];
  return [`plan ${x.lifecycle}`, SIGNS[x.lifecycle] ?? "·", [x.reason,
    el("small", {}, ` · ${x.lifecycle} · ${count(x.moves, "move")}`),
    x.trouble.map((t) => el("small", { class: "warn" }, ` ! ${t}`))]];
}

function showPlans() {
  setList($("#plans ol"), model.timeline().map((x) => {
    const [kind, symbol, text] = lineOf(x);
    return el("li", { class: kind }, clock(x.at), sign(symbol), el("span", {}, text));
  }));
}

// -- workers --------------------------------------------------------------------------------

const rows = new Map();

function rowOf(id) {
  const cells = { id: el("button", { type: "button", tabindex: "-1", onclick: () => choose({ worker: id }) }, id),
    role: el("small"), state: el("td"), zone: el("td", { class: "wide" }), session: el("td", { class: "wide" }),
    fill: el("span", { class: "fill" }), fair: el("span", { class: "fair" }), text: el("span") };
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, cells.fill, cells.fair);
  return { cells, tr: el("tr", {}, el("th", { scope: "row" }, cells.id, " ", cells.role), cells.state, cells.zone,
    cells.session, el("td", {}, bar, cells.text)) };
}

function fillRow({ tr, cells }, w, scale) {
  const left = lives(w) ? w.session_left_ms : null;
  const texts = {
    role: [(w.leader ? "★ " : "") + roleOf(w), w.drained && "drained", w.cordoned && "cordoned"].filter(Boolean).join(", "),
    state: w.state ?? "no heartbeat", zone: w.zone || "–",
    session: !lives(w) ? "–" : left == null ? "fresh" : `${(left / 1000).toFixed(1)} s left`,
    text: `${number(w.partitions.length)} · ${percent(w.load ?? 0)} | ${w.fair ? percent(w.fair) : "–"}`,
  };
  for (const [name, text] of Object.entries(texts)) write(cells[name], text);
  cells.session.classList.toggle("warn", left != null);
  cells.fill.style.width = `${(100 * (w.load ?? 0)) / scale}%`;
  cells.fair.style.left = `${(100 * w.fair) / scale}%`;
  cells.fair.hidden = !w.fair;
  tr.classList.toggle("gone", !lives(w));
  tr.classList.toggle("chosen", chosen?.worker === w.worker_id);
}

function showWorkers() {
  const body = $("#workers tbody");
  const scale = Math.max(1e-9, ...model.workers.map((w) => Math.max(w.load ?? 0, w.fair) * 1.1));
  for (const [id, row] of rows) if (!model.worker(id)) { row.tr.remove(); rows.delete(id); }
  model.workers.forEach((w, i) => {
    if (!rows.has(w.worker_id)) rows.set(w.worker_id, rowOf(w.worker_id));
    const row = rows.get(w.worker_id);
    if (body.children[i] !== row.tr) body.insertBefore(row.tr, body.children[i] ?? null);
    fillRow(row, w, scale);
  });
  // One stop of the Tab key for all of them; arrow keys move between.
  if (!body.querySelector("button[tabindex='0']")) body.querySelector("button")?.setAttribute("tabindex", "0");
}

$("#workers tbody").addEventListener("keydown", (e) => {
  const all = [...document.querySelectorAll("#workers tbody button")];
  const at = all.indexOf(e.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
  if (!all[to]) return;
  e.preventDefault();
  e.target.tabIndex = -1;
  all[to].tabIndex = 0;
  all[to].focus();
});

/** The partition in the line below the map. */
let told = "";

function tell(name) {
  const i = model.indexOf(told = name), who = model.workers[model.owner[i]]?.worker_id;
  const what = model.mark[i] === UNOWNED ? `no worker works on it${who ? ` (${who} is gone)` : ""}`
    : model.mark[i] === MOVING ? "on the way to another worker" : `owned by ${who}`;
  write($("#at"), i < 0 ? "" : `${name}: ${what}`);
}

const map = new PartitionMap($("#cells"), model,
  (i) => tell(model.names[i]), (i) => { if (i >= 0) choose({ partition: model.names[i] }); });

function light() {
  const query = $("#query").value.trim();
  const named = model.worker(query);
  const worker = model.workers.indexOf(named ?? model.worker(chosen?.worker));
  const hit = model.indexOf(query) >= 0 ? (x) => x === query : (x) => x.includes(query);
  map.lit = query && !named ? (i) => hit(model.names[i]) : worker >= 0 ? (i) => model.owner[i] === worker : null;
  write($("output"), !query ? "" : named ? "a worker" : count(model.names.filter(hit).length, "partition"));
}

function showMap() {
  if (!orderChosen) $("#order").value = model.workers.length > 12 ? "owner" : "name";
  map.byOwner = $("#order").value === "owner";
  light();
  map.sort();
  map.draw();
  tell(told);
}

$("#order").addEventListener("change", () => { orderChosen = true; showMap(); });
$("#query").addEventListener("input", () => { light(); map.draw(); });
$("#search").addEventListener("submit", (e) => {
  e.preventDefault();
  const query = $("#query").value.trim();
  const name = model.indexOf(query) >= 0 ? query : query && model.names.find((x) => x.includes(query));
  if (model.worker(query)) choose({ worker: query });
  else if (name) choose({ partition: name });
});
document.addEventListener("keydown", (e) => {
  if (e.key === "/" && e.target.tagName !== "INPUT") { e.preventDefault(); $("#query").focus(); }
  if (e.key === "Escape") choose(null);
});

let cameFrom = null;

function choose(what) {
  if (what && $("#detail").hidden) cameFrom = document.activeElement;
  chosen = what;
  if (!what && !$("#detail").hidden) cameFrom?.focus();
  $("#detail").hidden = !what;
  if (model.group) { showMap(); showWorkers(); showDetail(); }
  if (!what) return;
  $("#detail").focus({ preventScroll: true });
  $("#detail").scrollIntoView({ block: "nearest" });
  if (what.partition) map.show(model.indexOf(what.partition));
}

/** The choice whose explanation was asked for, until that may be another one. */
let asked = null;

async function showDetail() {
  const what = chosen, name = what?.worker ?? what?.partition, box = $("#detail > div");
  if (!what || what === asked) return;
  if ($("#h-detail").textContent !== name) box.replaceChildren();
  $("#h-detail").textContent = name;
  asked = what.partition && what;
  const parts = what.worker ? describeWorker(model.worker(name), (partition) => choose({ partition }))
    : await describePartition(name, (worker) => choose({ worker }));
  if (chosen === what) setList(box, parts);
}

$("#close").addEventListener("click", () => choose(null));

// -- following ------------------------------------------------------------------------------

let due = false;

/** At most once in a frame, whatever comes. */
function show() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    showProblems();
    if (model.group) for (const part of [showSummary, showDirectives, showPlans, showMap, showWorkers, showDetail]) part();
  });
}

let stream = null, timer = 0;

function link(text, bad = false) {
  write($("#link"), text);
  $("#link").classList.toggle("bad", bad);
}

function lost() {
  stream.close();
  clearTimeout(timer);
  timer = setTimeout(follow, 2000);
  link(`no connection${model.group ? ": this is what was seen last" : ""}`, true);
  if (!model.group) fetch("/v1/group").then((x) => x.json()).then((x) => link(x.error.found, true)).catch(() => {});
}

function follow() {
  stream?.close();
  clearTimeout(timer);
  // A hidden tab costs nothing.
  if (document.hidden) return link("paused");
  stream = new EventSource("/v1/group/changes");
  // A process that is stopped closes nothing. One that runs sends an event about every 20 s at least.
  const wait = () => { clearTimeout(timer); timer = setTimeout(lost, 30000); };
  const take = (e) => {
    wait();
    link("live");
    if (e.type === "alive") return;
    if (model.take(JSON.parse(e.data), e.type === "whole")) asked = null;
    show();
  };
  for (const kind of ["message", "whole", "alive"]) stream.addEventListener(kind, take);
  stream.onerror = lost;
  wait();
}

document.addEventListener("visibilitychange", follow);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
follow();
