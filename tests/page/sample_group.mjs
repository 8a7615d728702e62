// SPDX-License-Identifier: Apache-2.0
// A server with the page and a group that was made up, of any size, for what no real group is
// large enough for. `node sample_group.mjs WORKERS PARTITIONS [PORT]`
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const assets = fileURLToPath(new URL("../../app/page/assets/", import.meta.url));
const TYPES = { js: "text/javascript", css: "text/css", html: "text/html", svg: "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'";

export function sampleGroup(workers, partitions) {
  const at = Math.floor(Date.now() / 1000);
  const names = Array.from({ length: partitions }, (_, i) => `orders.${i}`);
  const moving = names.slice(7, 7 + Math.min(3, partitions / 10));
  const unowned = names.slice(40, 40 + Math.min(2, partitions / 30));
  const note = { at: at - 900, by: "ann", reason: "maintenance of rack 2" };
  const doc = { trouble: "", workers: {}, plans: {}, group: {
    group: "orders", leader: "worker-0", epoch: 1795847707, version: 1883082810458116,
    pauses: workers > 3 ? [{ ...note, id: "p1", left_min: 42 }] : [], rebalance: null, step_down: null,
    pins: workers > 3 ? [{ ...note, partition: "orders.3", worker: "worker-1" }] : [],
    hand_offs: moving.map((partition) => ({ partition, from: "worker-1", waits_for: "worker-1 to stop its work" })),
    unowned: unowned.map((partition) => ({ partition, why: "worker-2 has no heartbeat" })),
    waiting: [], in_two_records: [], settings_differ: "", unreadable: [], grants_wait: null } };
  for (let i = 0; i < workers; i++) {
    const gone = workers > 3 && i === 2;
    const state = gone ? "stopped" : i === 5 ? "draining" : "working";
    const mine = gone ? unowned : names.filter((x, n) => !moving.includes(x) && !unowned.includes(x)
      && (n % workers === i || (workers > 3 && i === 3 && n % workers === 2)));
    doc.workers[`worker-${i}`] = { worker_id: `worker-${i}`, state, leader: i === 0, standby: i > 0 && i < 4 && !gone ? i : 0,
      cordoned: i === 9 ? note : null, drained: i === 5 ? note : null, instance: `orders-${i}`, zone: `zone-${"abc"[i % 3]}`,
      capacity: i % 7 === 3 ? 200 : 100, weight: 100 * mine.length, load: mine.length / partitions, ttl_ms: 6000, settings: {},
      ownership: "exclusive", applied: { epoch: 1795847712, version: 1883082810458116 }, program_version: "0.1.0",
      session_left_ms: workers > 3 && i === 7 ? 2100 : null, partitions: mine };
  }
  const reasons = [["planned_scale", "worker-5 joined"], ["emergency", "worker-2 has no heartbeat"], ["rebalance", "requested by ann: after maintenance"], ["cold_start", "first plan"]];
  for (let i = 0; i < 30; i++) {
    const [lifecycle, reason] = i === 0 ? reasons[3] : reasons[i % 3];
    const epoch = 1795847700 + Math.floor(i / 4);
    doc.plans[`${epoch}.${i}`] = { epoch, count: i, at: at - (30 - i) * 137, leader: `worker-${(7 - Math.floor(i / 4)) % workers}`, lifecycle,
      reason, strategy: "ring", workers, partitions, moves: (i * 7) % 23, gains: {}, losses: {},
      trouble: i === 20 ? ["worker-77 of a pin does not take part"] : [] };
  }
  return doc;
}

/** Serves it at a free port; `change` sends a patch to all who look. */
export async function serveSample(doc, port = 0) {
  const streams = new Set();
  // Why there is no group, if that is so; how often an explanation was asked for, and what to wait
  // for before it is given.
  const state = { refusal: null, asked: 0, gate: null };
  const server = createServer(async (request, answer) => {
    const url = new URL(request.url, "http://x");
    if (state.refusal && url.pathname.startsWith("/v1/group")) {
      answer.writeHead(503, { "content-type": "application/json" });
      return answer.end(JSON.stringify({ error: { found: state.refusal } }));
    }
    if (url.pathname === "/v1/group/changes") {
      answer.writeHead(200, { "content-type": "text/event-stream" });
      answer.write(`event: whole\nid: 1\ndata: ${JSON.stringify(doc)}\n\n`);
      return streams.add(answer);
    }
    if (url.pathname === "/v1/group/partition") {
      state.asked++;
      await state.gate;
      answer.writeHead(200, { "content-type": "application/json" });
      return answer.end(JSON.stringify({ partition: url.searchParams.get("name"), owner: "worker-0", record_at: 1795847712,
        record_granted_it: true, reason: "worker-5 joined", token: 1883082810458113, weight: 100, plans: [], also_in_record_of: [] }));
    }
    const file = url.pathname === "/" ? "index.html" : url.pathname.replace("/page/", "");
    answer.writeHead(200, { "content-type": TYPES[file.split(".").at(-1)], "content-security-policy": POLICY });
    answer.end(readFileSync(assets + file));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return {
    state,
    address: `http://127.0.0.1:${server.address().port}`,
    change: (patch) => streams.forEach((x) => x.write(`id: 2\ndata: ${JSON.stringify(patch)}\n\n`)),
    stop: () => { server.close(); server.closeAllConnections(); },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [workers, partitions, port] = process.argv.slice(2).map(Number);
  console.log((await serveSample(sampleGroup(workers, partitions), port || 0)).address);
}
