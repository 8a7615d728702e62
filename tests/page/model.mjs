// SPDX-License-Identifier: Apache-2.0
// The page's model, without a browser.
import assert from "node:assert/strict";
import test from "node:test";
import { Model, MOVING, UNOWNED, applyPatch, sortKey } from "../../app/page/assets/model.js";
import { sampleGroup } from "./sample_group.mjs";

function model(workers = 4, partitions = 60) {
  const out = new Model();
  out.take(sampleGroup(workers, partitions), true);
  return out;
}

test("a merge patch changes, adds and removes", () => {
  const doc = { a: 1, b: { c: 2, d: 3 }, e: [1] };
  assert.deepEqual(applyPatch(doc, { a: null, b: { c: 4, f: { g: 1 } }, e: [2] }),
    { b: { c: 4, d: 3, f: { g: 1 } }, e: [2] });
});

test("a key that all objects have is a name as any other", () => {
  applyPatch({ a: {} }, JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}}}'));
  assert.equal({}.polluted, undefined);
  assert.equal(model().worker("constructor"), undefined);
  assert.equal(new Model().worker("constructor"), undefined);
});

test("names are in the order in which people count", () => {
  assert.ok(sortKey("orders.2") < sortKey("orders.10"));
  assert.deepEqual(model().names.slice(0, 3), ["orders.0", "orders.1", "orders.2"]);
});

test("an owner is found for each partition that has one", () => {
  const m = model();
  assert.equal(m.workers[m.owner[m.indexOf("orders.1")]].worker_id, "worker-1");
  assert.equal(m.mark[m.indexOf("orders.7")], MOVING);
  assert.equal(m.mark[m.indexOf("orders.40")], UNOWNED);
});

test("a patch moves a partition", () => {
  const m = model();
  const { "worker-0": from, "worker-1": to } = m.doc.workers;
  m.take({ workers: { "worker-0": { partitions: from.partitions.filter((x) => x !== "orders.0") },
    "worker-1": { partitions: [...to.partitions, "orders.0"] } } }, false);
  assert.equal(m.workers[m.owner[m.indexOf("orders.0")]].worker_id, "worker-1");
});

test("a drained worker has no fair share, and the others have all", () => {
  const m = model(8, 60);
  assert.equal(m.worker("worker-5").fair, 0);
  m.take({ workers: { "worker-6": { drained: { by: "ann" } }, "worker-7": { cordoned: { by: "ann" } } } }, false);
  assert.equal(m.worker("worker-6").fair, 0);
  assert.ok(m.worker("worker-7").fair > 0, "cordoned: it keeps what it has");
  assert.ok(Math.abs(m.workers.reduce((sum, w) => sum + w.fair, 0) - 1) < 1e-9);
});

test("an explanation is another one only after a change of partitions, plans or the group", () => {
  const m = new Model();
  assert.ok(m.take(sampleGroup(4, 60), true));
  assert.ok(!m.take({ workers: { "worker-1": { session_left_ms: 2100, applied: { version: 7 } } } }, false));
  assert.ok(!m.take({ trouble: "no connection to NATS" }, false));
  assert.ok(m.take({ plans: { "1795847707.30": { epoch: 1795847707, count: 30 } } }, false));
  assert.ok(m.take({ group: { unowned: [] } }, false));
  assert.ok(m.take({ workers: { "worker-1": { partitions: [] } } }, false));
  assert.ok(m.take({ workers: { "worker-1": { version: 8 } } }, false));
  assert.ok(m.take({ workers: { "worker-1": null } }, false));
});

test("errors come before warnings, and a quiet group has neither", () => {
  const m = model(40, 1000);
  assert.equal(m.problems()[0][0], "error");
  assert.ok(m.problems().some(([, text]) => text.startsWith("worker-7 is silent")));
  m.take({ group: { hand_offs: [], unowned: [] }, workers: { "worker-7": { session_left_ms: null } } }, false);
  assert.deepEqual(m.problems(), []);
});

test("a problem that goes on is one line of the time line", () => {
  const m = model(40, 1000);
  const silent = () => m.timeline().filter((x) => x.problem?.includes("silent")).length;
  assert.equal(silent(), 1);
  m.take({ workers: { "worker-7": { session_left_ms: 1900 } } }, false);
  assert.equal(silent(), 1);
  m.take({ workers: { "worker-7": { session_left_ms: null } } }, false);
  m.take({ workers: { "worker-7": { session_left_ms: 2900 } } }, false);
  assert.equal(silent(), 2);
});

test("a problem has the same words as long as it goes on, and is no other one for fewer partitions", () => {
  const m = model();
  const unowned = (names) => m.take({ group: { unowned: names.map((partition) => ({ partition, why: "no record" })) } }, false);
  const words = () => m.problems().map(([, text]) => text).filter((text) => text.includes("silent"));
  m.take({ workers: { "worker-1": { session_left_ms: 2100 } } }, false);
  const before = words();
  m.take({ workers: { "worker-1": { session_left_ms: 1900 } } }, false);
  assert.deepEqual(words(), before);
  for (const names of [["orders.1", "orders.2", "orders.3", "orders.4"], ["orders.2", "orders.3"], ["orders.3"]]) unowned(names);
  assert.equal(m.timeline().filter((x) => x.problem?.endsWith("no record")).length, 1);
});

test("a worker that waits for its first plan is shown, and is no line of the time line", () => {
  const m = model();
  m.take({ group: { waiting: [{ worker_id: "worker-3", waits_for: "the next plan of the leader" }] } }, false);
  assert.ok(m.problems().some(([, text]) => text === "worker-3 without a plan yet, waiting for the next plan of the leader"));
  assert.ok(!m.timeline().some((x) => x.problem?.includes("without a plan")));
});

test("without news from the store no worker is called silent", () => {
  const m = model(40, 1000);
  m.take({ trouble: "no connection to NATS: no answer" }, false);
  assert.ok(!m.problems().some(([, text]) => text.includes("silent")));
});

test("each leadership has a line after its first plan", () => {
  const lines = model().timeline();
  assert.equal(lines.filter((x) => x.leads).length, 8);
  assert.equal(lines.at(-1).leads, "worker-3");
  assert.ok(lines[0].at > lines.at(-1).at);
});

test("a leader has a line before its first plan, and one line after it", () => {
  const m = model();
  const lines = () => m.timeline().filter((x) => x.leads === "worker-1" && x.epoch === 1795847800);
  m.take({ group: { leader: null } }, false);
  assert.ok(m.timeline().some((x) => x.problem === "no worker leads the group"));
  m.take({ group: { leader: "worker-1", epoch: 1795847800 } }, false);
  assert.equal(lines().length, 1);
  assert.ok(lines()[0].seen);
  const plan = Object.values(m.doc.plans)[0];
  m.take({ plans: { "1795847800.1": { ...plan, epoch: 1795847800, count: 1, leader: "worker-1" } } }, false);
  assert.equal(lines().length, 1);
  assert.ok(!lines()[0].seen);
});
