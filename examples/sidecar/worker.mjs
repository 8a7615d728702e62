#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Works on the partitions that `partita run` with [http] confirm = true names, all at a time.
// All work stops by itself valid_for_ms after the send of the last call that was answered.
import { uptime } from "node:os";
const address = process.env.PARTITA_URL ?? "http://127.0.0.1:8080";
const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
const clock = () => uptime() * 1000; // Includes the machine's sleep.

async function call(path, body) {
  const method = body ? "POST" : "GET";
  const headers = { "Content-Type": "application/json" };
  const signal = AbortSignal.timeout(7000);
  const answer = await fetch(address + path, { method, headers, signal, body });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function work(job) {
  console.log(process.pid, "begin", job.name, job.token);
  // One piece of work, shorter than heartbeat.ttl / 8. Pass job.token along.
  while (clock() < deadline && !job.stop) await pause(100);
  console.log(process.pid, "end", job.name, job.token);
  job.ended = true;
}

let now = { partitions: [], revoking: [] }, version = 0, deadline = 0, wait = 0;
for (const jobs = new Map(); ; ) {
  const sent = clock();
  try {
    now = await call(`/v1/assignment?version=${version}&wait=${wait}ms`);
    const left = now.valid_for_ms; // null: there is no deadline (ownership = "available").
    deadline = left === null ? Infinity : sent + left;
    wait = left === null ? 5000 : Math.min(5000, Math.floor(left / 4) || 1000);
    version = now.version;
  } catch {
    version = 0; // Goes on with the last answer, as long as that is valid.
    await pause(200);
  }
  const named = clock() < deadline ? now.partitions : [];
  const wanted = new Map(named.map((x) => [`${x.name} ${x.token}`, x]));
  const ending = [...jobs].filter(([key, job]) => !wanted.has(key) || job.ended);
  for (const [key, job] of ending) { job.stop = true; jobs.delete(key); }
  await Promise.all(ending.map(([, job]) => job.done));
  const released = now.revoking.map((x) => ({ partition: x.name, token: x.token }));
  // Asks again if that fails, and releases what is still in revoking.
  if (released.length)
    await call("/v1/released", JSON.stringify(released)).catch(() => { version = 0; });
  for (const [key, { name, token }] of wanted) {
    if (jobs.has(key) || clock() >= deadline) continue;
    jobs.set(key, { name, token, stop: false });
    jobs.get(key).done = work(jobs.get(key));
  }
}
