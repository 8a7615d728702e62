// SPDX-License-Identifier: Apache-2.0
// The page in headless Chromium over a group that was made up: what a change leaves alone, and
// a hundred thousand partitions. `node sample_page.mjs` alone; page.mjs runs it too.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Browser } from "./browser.mjs";
import { sampleGroup, serveSample } from "./sample_group.mjs";

const text = (browser, selector) => browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const has = (selector, part) =>
  `document.querySelector(${JSON.stringify(selector)}).textContent.includes(${JSON.stringify(part)})`;
const picture = "document.querySelector('canvas').toDataURL()";

/** A page that is still open would say in its console that the server has gone. */
async function leave(browser, served) {
  await browser.open("about:blank");
  served.stop();
}

async function find(browser, query) {
  await browser.evaluate("document.querySelector('#query').value = ''; document.querySelector('#query').focus()");
  for (const key of query) await browser.press(key);
}

async function checkLine(browser, served, doc) {
  await browser.evaluate("document.querySelector('#cells').focus()");
  await browser.press("ArrowRight");
  assert.equal(await text(browser, "#at"), "orders.1: owned by worker-1");
  await browser.evaluate("document.activeElement.blur()");
  assert.equal(await browser.evaluate("document.querySelector('#cursor').hidden"), true);
  const { "worker-0": to, "worker-1": from } = doc.workers;
  served.change({ workers: { "worker-0": { partitions: [...to.partitions, "orders.1"] },
    "worker-1": { partitions: from.partitions.filter((x) => x !== "orders.1") } } });
  await browser.until(has("#at", "orders.1: owned by worker-0"));
  served.change({ workers: { "worker-0": { partitions: to.partitions }, "worker-1": { partitions: from.partitions } } });
  await browser.until(has("#at", "orders.1: owned by worker-1"));
  console.log("line below the map: follows changes");
}

async function checkSearch(browser) {
  await find(browser, "orders.5");
  assert.equal(await text(browser, "output"), "1 partition");
  await find(browser, "orders.");
  assert.equal(await text(browser, "output"), "60 partitions");
  await find(browser, "");
  await browser.evaluate("document.querySelector('#query').dispatchEvent(new Event('input'))");
  const plain = await browser.evaluate(picture);
  await find(browser, "worker-1");
  assert.equal(await text(browser, "output"), "a worker");
  const found = await browser.evaluate(picture);
  await find(browser, "");
  await browser.evaluate("document.querySelector('#query').dispatchEvent(new Event('input'));"
    + " document.querySelectorAll('#workers tbody button')[1].click()");
  const chosen = await browser.evaluate(picture);
  assert.notEqual(found, plain);
  assert.ok(found === chosen, "a worker that is found has its partitions lit as one that is chosen");
  await browser.press("Escape");
  console.log("search: lights what it names");
}

async function checkDetail(browser, served) {
  const { state } = served;
  await find(browser, "orders.5");
  await browser.press("Enter");
  await browser.until(has("#detail", "token"));
  let open;
  state.gate = new Promise((done) => { open = done; });
  await find(browser, "orders.6");
  await browser.press("Enter");
  assert.equal(await text(browser, "#h-detail"), "orders.6");
  assert.equal(await text(browser, "#detail > div"), "", "facts of another partition");
  open();
  await browser.until(has("#detail", "token"));
  const before = state.asked;
  served.change({ workers: { "worker-2": { session_left_ms: 1900 } } });
  await browser.until(has("#workers", "1.9 s left"));
  assert.equal(state.asked, before, "asked again for nothing");
  served.change({ plans: { "1795847707.40": { ...Object.values(sampleGroup(3, 60).plans).at(-1), count: 40 } } });
  await browser.until(has("#detail", "token"));
  for (const end = Date.now() + 20000; state.asked === before;) {
    assert.ok(Date.now() < end, "not asked again after a plan");
    await browser.evaluate("new Promise((done) => requestAnimationFrame(done))");
  }
  served.change({ workers: { "worker-2": { session_left_ms: null } } });
  await browser.until(`!${has("#problems", "silent")}`);
  await browser.press("Escape");
  console.log("explanation: of the partition in its heading, asked for when it may differ");
}

/** What did not change is the same element: it keeps the focus, and is not announced again. */
async function checkSameElements(browser, served) {
  await browser.evaluate("document.querySelector('#workers tbody button').click()");
  await browser.until("document.querySelector('#detail .names button')");
  await browser.evaluate("document.querySelector('#detail .names button').focus();"
    + " window.before = [document.activeElement, document.querySelector('#link').firstChild,"
    + " ...document.querySelectorAll('#problems li')]");
  served.change({ group: { settings_differ: "strategy" }, workers: { "worker-0": { zone: "elsewhere" } } });
  await browser.until(`${has("#problems", "settings differ")} && ${has("#detail", "elsewhere")}`);
  assert.equal(await browser.evaluate("document.activeElement === window.before[0] && window.before.every((x) => x.isConnected)"),
    true);
  served.change({ group: { settings_differ: "" }, workers: { "worker-1": { session_left_ms: 2900 } } });
  await browser.until(has("#problems", "worker-1 is silent"));
  await browser.evaluate("window.before = [...document.querySelectorAll('#problems li')]");
  served.change({ workers: { "worker-1": { session_left_ms: 1800 } } });
  await browser.until(has("#workers", "1.8 s left"));
  assert.equal(await browser.evaluate("window.before.every((x) => x.isConnected)"), true);
  served.change({ workers: { "worker-1": { session_left_ms: null } } });
  await browser.press("Escape");
  assert.equal(await browser.evaluate("performance.getEntriesByType('measure').length"), 0, "entries that stay");
  console.log("lists: keep what is the same");
}

/** A worker that leaves changes the colours of no other one. */
async function checkColours(browser, served, doc) {
  await browser.evaluate("document.querySelector('#cells').blur()");
  // Of the first pixels of the cells of orders.1 and orders.2.
  const colours = `(() => { const copy = new OffscreenCanvas(60, 4).getContext("2d", { willReadFrequently: true });
    copy.drawImage(document.querySelector("canvas"), 0, 0);
    return [29, 55].map((x) => copy.getImageData(x, 3, 1, 1).data.join()); })()`;
  const before = await browser.evaluate(colours);
  assert.notEqual(before[0], before[1]);
  served.change({ workers: { "worker-0": null },
    group: { unowned: doc.workers["worker-0"].partitions.map((partition) => ({ partition, why: "no record names it" })) } });
  await browser.until("document.querySelectorAll('#workers tbody tr').length === 2");
  assert.deepEqual(await browser.evaluate(colours), before);
  console.log("colours: stay");
}

/** Tab goes through the page and leaves it, and so it does backwards. */
async function checkTab(browser) {
  for (const [modifiers, first, last] of [[0, "query", "h-plans"], [8, "h-plans", "query"]]) {
    const stops = [];
    await browser.evaluate("document.activeElement.blur(); getSelection().removeAllRanges();"
      + " document.querySelector('h1').tabIndex = -1; document.querySelector('h1').focus()");
    const name = "(() => { const e = document.activeElement; return e === document.body ? '' : e.id"
      + " || e.getAttribute('aria-labelledby') || e.textContent; })()";
    if (modifiers) await browser.evaluate("document.querySelector('#plans .scroll').focus()");
    else await browser.press("Tab");
    for (let at = await browser.evaluate(name); at && stops.length < 20; at = await browser.evaluate(name)) {
      if (at === stops[0]) break;
      stops.push(at);
      if (at === last) break;
      await browser.press("Tab", modifiers);
    }
    assert.equal(stops[0], first, stops.join());
    assert.equal(stops.at(-1), last, stops.join());
    for (const stop of ["worker-0", "order", "cells"]) assert.ok(stops.includes(stop), `${stops} lacks ${stop}`);
  }
  await browser.evaluate("document.querySelector('h1').removeAttribute('tabindex'); document.activeElement.blur()");
  console.log("Tab: reaches all, forth and back");
}

/** How long the page does not draw after a change of a very large group. */
async function checkFluid(browser) {
  const doc = sampleGroup(1000, 100000);
  const served = await serveSample(doc);
  await browser.open(served.address);
  await browser.until(has("#summary", "100\u202f000"));
  await browser.evaluate(`window.gaps = []; (() => { let last = performance.now();
    const next = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(next); };
    requestAnimationFrame(next); })()`);
  const { "worker-0": to, "worker-9": from } = doc.workers;
  served.change({ workers: { "worker-0": { partitions: [...to.partitions, ...from.partitions] }, "worker-9": { partitions: [] } } });
  const row = (text) => `document.querySelectorAll('#workers tbody tr')[9].lastChild.textContent.startsWith('${text}')`;
  await browser.until(row("0 "));
  await browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const gap = await browser.evaluate("Math.max(...window.gaps)");
  console.log(`100,000 partitions of 1,000 workers: the longest time between two frames is ${Math.round(gap)} ms`);
  assert.ok(gap < 1000, `${gap} ms without a frame`);
  await leave(browser, served);
}

/** A server that refuses says why on the page; the page goes on by itself when it no longer does. */
async function checkRefusal(browser) {
  const served = await serveSample(sampleGroup(3, 60));
  served.state.refusal = "no answer from the store";
  await browser.open(served.address);
  await browser.until(has("#link", "no answer from the store"));
  served.state.refusal = null;
  await browser.until(has("#link", "live"));
  await leave(browser, served);
  const other = browser.messages.filter((x) => !x.includes("503"));
  assert.deepEqual(other, [], "the console");
  browser.messages.length = 0;
  console.log("a refusal: is shown with its reason");
}

export async function checkSample(browser) {
  const doc = sampleGroup(3, 60);
  const served = await serveSample(doc);
  await browser.size(1900, 900);
  await browser.open(served.address);
  await browser.until("document.querySelectorAll('#workers tbody tr').length === 3");
  await checkLine(browser, served, doc);
  await checkSearch(browser);
  await checkDetail(browser, served);
  await checkSameElements(browser, served);
  await checkTab(browser);
  await checkColours(browser, served, doc);
  assert.deepEqual(browser.messages, [], "the console");
  await leave(browser, served);
  await checkFluid(browser);
  await checkRefusal(browser);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const browser = await Browser.start();
  await checkSample(browser).then(() => 0, (e) => { console.error(e); return 1; }).then(async (code) => {
    await browser.stop();
    process.exit(code);
  });
}
