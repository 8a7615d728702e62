// SPDX-License-Identifier: Apache-2.0
// The page in headless Chromium over a real group: workers are killed, drained and added,
// partitions pinned, and what the page says is compared with `partita status --json`; then over a
// group that was made up (sample_page.mjs).
// `node page.mjs PROGRAM [PICTURES]`
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lives } from "../../app/page/assets/model.js";
import { Browser } from "./browser.mjs";
import { checkSample } from "./sample_page.mjs";

const [program, pictures] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "partita-page-group-"));
const config = join(folder, "partita.toml");
const children = [];
// Between two looks at what announces nothing here: a file of text, the state of a group.
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** A child, and what it has written. */
function start(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  child.text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => { child.text += text; });
  children.push(child);
  return child;
}

async function said(child, pattern) {
  for (let i = 0; i < 1200; i++) {
    const found = child.text.match(pattern);
    if (found) return found[1] ?? found[0];
    await pause(50);
  }
  throw new Error(`${pattern} was not written: ${child.text}`);
}

const partita = (...args) => execFileSync(program, [...args, "-c", config], { encoding: "utf8" });
const status = () => JSON.parse(partita("status", "--json"));
const worker = (zone) => start(program,
  ["run", "-c", config, "--set", "http.listen=127.0.0.1:0", "--set", `worker.zone=${zone}`]);

/** The page's own words, in the form of `status`. Heartbeats expire in the store without a message, so
 *  which last one a worker that has gone has depends on how long one has looked. */
const SHOWN = `(() => {
  const fact = (x) => document.querySelector('[data-fact="' + x + '"] dd')?.textContent;
  return { leader: fact("leader"), epoch: fact("epoch"), unowned: fact("without a worker"),
    moving: fact("on the way"), plans: document.querySelectorAll("#plans li.plan").length, pins: [...document.querySelectorAll("#directives li")]
      .map((x) => x.textContent).filter((x) => x.startsWith("pin ")).map((x) => x.split(" · ")[0].slice(4)),
    workers: [...document.querySelectorAll("#workers tbody tr")].map((x) => [x.querySelector("button").textContent,
      x.classList.contains("gone") ? "gone" : x.children[1].textContent, x.lastChild.textContent.split(" ")[0]].join(" ")) };
})()`;

function expected(x) {
  const { plans } = JSON.parse(partita("history", "--json", "-n", "200"));
  return { leader: x.leader ?? "none", epoch: String(x.epoch), unowned: String(x.unowned.length),
    moving: String(x.hand_offs.length), plans: plans.length, pins: x.pins.map((p) => `${p.partition} to ${p.worker}`),
    workers: x.workers.map((w) => `${w.worker_id} ${lives(w) ? w.state : "gone"} ${w.partitions.length}`) };
}

/** Waits until page and `status` agree, and `holds` of the status. */
async function agrees(browser, what, holds = () => true) {
  let is, should;
  for (let i = 0; i < 600; i++) {
    const now = status();
    [is, should] = [await browser.evaluate(SHOWN), expected(now)];
    if (holds(now) && JSON.stringify(is) === JSON.stringify(should)) {
      console.log(`${what}: agrees`);
      return now;
    }
    await pause(100);
  }
  assert.deepEqual(is, should, what);
  throw new Error(`${what}: the group did not get there: ${JSON.stringify(should)}`);
}

/** Walks through the map by arrow keys and compares each line below it with `status`. */
async function checkMap(browser, what) {
  let shown, should;
  for (let i = 0; i < 100; i++) {
    const now = status();
    const owners = new Map(now.workers.flatMap((w) => w.partitions.map((name) => [name, `owned by ${w.worker_id}`])));
    for (const x of now.hand_offs) owners.set(x.partition, "on the way to another worker");
    for (const x of now.unowned) owners.set(x.name, "no worker works on it");
    should = Array.from({ length: 24 }, (_, n) => `orders.${n}: ${owners.get(`orders.${n}`)}`);
    shown = [];
    await browser.evaluate("document.querySelector('#cells').focus()");
    await browser.press("Home");
    for (const text of should) {
      shown.push((await browser.evaluate("document.querySelector('#at').textContent")).slice(0, text.length));
      await browser.press("ArrowRight");
    }
    await browser.evaluate("document.activeElement.blur()");
    if (JSON.stringify(shown) === JSON.stringify(should)) return console.log(`${what}: the map agrees`);
  }
  assert.deepEqual(shown, should, what);
}

/** Texts whose contrast to what is behind them is below 4.5 to 1. */
const FAINT = `(() => {
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => parts(c).slice(0, 3).map((x) => x / 255)
    .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (parts(c)[3] !== 0) return c; } return "rgb(255,255,255)"; };
  return [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), e.tagName + " " + e.textContent.slice(0, 30)];
  }).filter(([ratio]) => ratio < 4.5).map((x) => x.join(" "));
})()`;

async function checkKeyboard(browser) {
  await browser.press("/");
  assert.equal(await browser.evaluate("document.activeElement.id"), "query");
  for (const key of "orders.5") await browser.press(key);
  await browser.press("Enter");
  await browser.until("document.querySelector('#h-detail').textContent === 'orders.5'");
  await browser.until("document.querySelector('#detail dl')?.textContent.includes('token')");
  const explained = JSON.parse(partita("explain", "orders.5", "--json"));
  const shown = await browser.evaluate("document.querySelector('#detail dl').textContent");
  for (const text of [explained.owner, explained.reason, String(explained.token)])
    assert.ok(shown.includes(text), `${shown} lacks ${text}`);
  await browser.press("Escape");
  assert.equal(await browser.evaluate("document.querySelector('#detail').hidden"), true);
  assert.equal(await browser.evaluate("document.activeElement.id"), "query");
  await browser.press("Tab");
  await browser.press("Enter");
  await browser.until("document.querySelector('#detail dl')?.textContent.includes('state')");
  await browser.press("Escape");
  await browser.press("ArrowDown");
  assert.equal(await browser.evaluate("document.activeElement.textContent"),
    await browser.evaluate("document.querySelectorAll('#workers tbody button')[1].textContent"));
  await browser.evaluate("document.querySelector('#cells').focus()");
  await browser.press("ArrowRight");
  assert.match(await browser.evaluate("document.querySelector('#at').textContent"), /^orders\.6: owned by worker-/);
  await browser.press("Enter");
  await browser.until("document.querySelector('#h-detail').textContent === 'orders.6'");
  await browser.press("Escape");
  await browser.evaluate("document.querySelector('#query').value = '';"
    + " document.querySelector('#query').dispatchEvent(new Event('input')); document.activeElement.blur()");
  console.log("keyboard: works");
}

async function takePictures(browser, name) {
  for (const dark of [false, true])
    for (const width of [400, 1000, 1900]) {
      await browser.size(width, width === 400 ? 1400 : 800, dark);
      // Drawn twice since then: once for the size, once for what that has changed.
      await browser.evaluate("Promise.allSettled(document.getAnimations().map((x) => x.finished)).then(() =>"
        + " new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))");
      const faint = await browser.evaluate(FAINT);
      assert.deepEqual(faint, [], `contrast, ${width} ${dark ? "dark" : "light"}`);
      for (const x of ["document.documentElement", "document.querySelector('#workers .scroll')"])
        assert.ok(await browser.evaluate(`${x}.scrollWidth <= ${x}.clientWidth`), `${width}: ${x} is too wide`);
      if (pictures) await browser.picture(join(pictures, `${name}-${width}-${dark ? "dark" : "light"}.png`));
    }
  await browser.size(1900, 900);
}

/** No goodbye is said for it: its guard is killed as well. */
function killWithGuard(guard) {
  guard.kill("SIGSTOP");
  for (const pid of execFileSync("pgrep", ["-P", guard.pid], { encoding: "utf8" }).split("\n").filter(Boolean))
    process.kill(Number(pid), "SIGKILL");
  guard.kill("SIGKILL");
}

/** The child that runs this worker. */
async function childOf(id, workers) {
  for (const child of workers) {
    const address = child.text.match(/HTTP at (http:\S+)/)[1];
    const { worker_id } = await (await fetch(`${address}/v1/assignment`)).json();
    if (worker_id === id) return child;
  }
  throw new Error(`no child runs ${id}`);
}

/** Leaders that step down and are killed; `workers[0]` serves the page. */
async function changeLeaders(browser, workers) {
  let { leader } = status();
  do {
    const old = leader;
    partita("step-down");
    ({ leader } = await agrees(browser, "a leader steps down", (x) => x.leader && x.leader !== old && !x.step_down));
    await browser.until(`document.querySelector('#plans li.leader b').textContent === '${leader}'`);
  } while (await childOf(leader, workers) === workers[0]);
  killWithGuard(await childOf(leader, workers));
  await agrees(browser, "a leader is killed", (x) => x.leader && x.leader !== leader && !x.unowned.length
    && !x.hand_offs.length && x.workers.every((w) => w.state === "working" || !w.partitions.length));
  await checkMap(browser, "after a leader was killed");
}

const LIVE = "document.querySelector('#link').textContent === 'live'";
const LOST = "document.querySelector('#link').textContent.startsWith('no connection')";

/** The serving process is stopped, which closes no connection, and killed. */
async function interrupt(browser, served, address) {
  served.kill("SIGSTOP");
  await browser.until(LOST);
  served.kill("SIGCONT");
  await browser.until(LIVE);
  await agrees(browser, "the serving process was stopped");
  served.kill("SIGKILL");
  await browser.until(LOST);
  const again = start(program, ["page", "-c", config, "--listen", address.replace(/^http:\/\/|\/$/g, "")]);
  await said(again, /http:\S+/);
  await browser.until(LIVE);
  await agrees(browser, "the serving process was killed");
  const other = browser.messages.filter((x) => !x.includes("net::ERR_"));
  assert.deepEqual(other, [], "the console");
  browser.messages.length = 0;
}

/** What five open pages cost the process that serves them, and that nothing stays of them. */
async function checkCost() {
  const served = start(program, ["page", "-c", config]);
  const address = await said(served, /http:\S+/);
  const threads = () => readdirSync(`/proc/${served.pid}/task`).length;
  const seconds = () => readFileSync(`/proc/${served.pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13)
    .reduce((sum, ticks) => sum + ticks / 100, 0);
  const before = threads();
  const stop = new AbortController();
  const open = async () => {
    const reader = (await fetch(new URL("/v1/group/changes", address), { signal: stop.signal })).body.getReader();
    let text = "";
    return async (part) => {
      while (!text.includes(part)) text += Buffer.from((await reader.read()).value).toString();
    };
  };
  const streams = await Promise.all(Array.from({ length: 5 }, open));
  await Promise.all(streams.map((until) => until("event: whole")));
  assert.ok(threads() > before, "a reader runs");
  const [cpu, since] = [seconds(), Date.now()];
  await Promise.all(streams.map((until) => until("event: alive")));
  const part = (seconds() - cpu) * 1000 / (Date.now() - since);
  console.log(`five open pages: ${(100 * part).toFixed(1)} % of a core`);
  assert.ok(part < 0.2, "the cost of five open pages");
  stop.abort();
  for (let i = 0; threads() > before; i++) {
    assert.ok(i < 600, "the reader ends when no client looks");
    await pause(100);
  }
  console.log("no open page: no reader");
}

async function story(browser, workers) {
  await agrees(browser, "three workers", (x) => x.workers.length === 3
    && x.workers.every((w) => w.state === "working") && !x.unowned.length && !x.hand_offs.length);
  await checkKeyboard(browser);
  await takePictures(browser, "three");
  const added = worker("c");
  await agrees(browser, "one more", (x) => x.workers.length === 4 && x.workers.every((w) => w.partitions.length >= 4));
  partita("pin", "orders.3", "worker-3", "--reason", "<b>nearer</b>");
  await agrees(browser, "a pin", (x) => x.workers[3].partitions.includes("orders.3"));
  await checkMap(browser, "with a pin");
  partita("drain", "worker-1");
  await agrees(browser, "a drain", (x) => x.workers.some((w) => w.worker_id === "worker-1" && !w.partitions.length));
  killWithGuard(added);
  await agrees(browser, "a worker that is silent", (x) => x.workers.some((w) => w.beat_age_ms > 1000));
  await agrees(browser, "a kill", (x) => x.workers.filter((w) => w.partitions.length).length === 2 && !x.unowned.length);
  await checkMap(browser, "after a kill");
  await takePictures(browser, "after");
  partita("uncordon", "worker-1");
  await agrees(browser, "no drain", (x) => x.workers.find((w) => w.worker_id === "worker-1").partitions.length > 4);
  await changeLeaders(browser, workers);
}

async function main() {
  const port = await freePort();
  start("nats-server", ["-js", "-sd", join(folder, "js"), "-a", "127.0.0.1", "-p", String(port)]);
  writeFileSync(config, `[group]
name = "orders"
[nats]
url = "nats://127.0.0.1:${port}"
[partitions]
prefix = "orders"
count = 24
[heartbeat]
interval = "250ms"
ttl = "2s"
[election]
lease = "1500ms"
[timeouts]
request = "250ms"
[rebalance]
cold_start_window = "2s"
planned_scale_window = "1s"
settle_time = "300ms"
min_interval = "1s"
expected_workers = 3
`);
  const workers = ["a", "b", "c"].map(worker);
  const address = await said(workers[0], /HTTP at (http:\S+)/);
  const browser = await Browser.start();
  try {
    await browser.size(1900, 900);
    await browser.open(`${address}/`);
    await story(browser, workers);
    const served = start(program, ["page", "-c", config]);
    const page = await said(served, /http:\S+/);
    await browser.open(page);
    await agrees(browser, "partita page");
    await interrupt(browser, served, page);
    await checkCost();
    await browser.open(await said(start(program, ["dev", "--page", "--workers", "5"]), /page: (http:\S+)/));
    await browser.until("document.querySelectorAll('#workers tbody tr:not(.gone)').length === 5"
      + " && document.querySelector('[data-fact=\"without a worker\"] dd').textContent === '0'");
    console.log("partita dev --page: shows its workers");
    assert.deepEqual(browser.messages, [], "the console");
    await checkSample(browser);
  } finally {
    await browser.stop();
  }
}

main().then(() => 0, (e) => { console.error(e); return 1; }).then(async (code) => {
  const alive = children.reverse().filter((x) => x.exitCode === null && x.signalCode === null);
  await Promise.all(alive.map((x) => { x.kill("SIGKILL"); return once(x, "exit"); }));
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
});
