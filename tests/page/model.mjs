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

test("errors come before warnings, and a quiet group has neither", () => {
  const m = model(40, 1000);
  assert.equal(m.problems()[0][0], "error");
  assert.ok(m.problems().some(([, text]) => text.startsWith("worker-7 is silent: 2.1 s")));
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

test("each leadership has a line after its first plan", () => {
  const lines = model().timeline();
  assert.equal(lines.filter((x) => x.leads).length, 8);
  assert.equal(lines.at(-1).leads, "worker-0");
  assert.ok(lines[0].at > lines.at(-1).at);
});
