#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Works on the partitions that `partita run` with [http] confirm = true says, all at a time.
// No answer in time stops all work, 13 s after the send of the last call that was answered:
// http.app_ttl may be 15s or more.
const address = process.env.PARTITA_URL ?? "http://127.0.0.1:8080";
const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

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
  while (!job.stop) await pause(100); // One piece of work. Pass job.token along.
  console.log(process.pid, "end", job.name, job.token);
}

const jobs = new Map();
for (let version = 0; ; ) {
  const now = await call(`/v1/assignment?version=${version}&wait=5s`)
    .catch(() => pause(500).then(() => ({ version: 0, partitions: [], revoking: [] })));
  const wanted = new Map(now.partitions.map((x) => [`${x.name} ${x.token}`, x]));
  const ending = [...jobs].filter(([key]) => !wanted.has(key));
  for (const [key, job] of ending) { job.stop = true; jobs.delete(key); }
  await Promise.all(ending.map(([, job]) => job.done));
  const released = now.revoking.map((x) => ({ partition: x.name, token: x.token }));
  // Whatever could not be released still stands in revoking when asked again.
  version = !released.length ? now.version
    : await call("/v1/released", JSON.stringify(released)).then(() => now.version, () => 0);
  for (const [key, { name, token }] of wanted) {
    if (jobs.has(key)) continue;
    jobs.set(key, { name, token, stop: false });
    jobs.get(key).done = work(jobs.get(key));
  }
}
