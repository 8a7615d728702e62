// SPDX-License-Identifier: Apache-2.0
// What `partita explain` says of a partition, and `partita workers` of a worker.
import { clock, el } from "./dom.js";
import { lives, number, percent } from "./model.js";

const most = 200;

function facts(list) {
  return el("dl", {}, list.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, ...value]) => [el("dt", {}, name), el("dd", {}, ...value)]));
}

const link = (text, act) => el("button", { type: "button", class: "link", onclick: act }, text);
const note = (x) => x && [x.by && `by ${x.by}`, x.reason].filter(Boolean).join(": ");

export async function describePartition(name, choose) {
  const answer = await fetch(`/v1/group/partition?name=${encodeURIComponent(name)}`).catch(() => null);
  const x = await answer?.json().catch(() => null);
  if (!x || x.error) return [el("p", {}, x?.error?.found ?? "no answer")];
  const plan = x.plans?.at(-1);
  return [facts([
    ["owner", x.owner ? link(x.owner, () => choose(x.owner)) : "none"],
    ["since", x.owner && [x.record_granted_it ? "" : "before ", clock(x.record_at, true)]],
    ["why", x.reason],
    ["plan", plan && [`${plan.epoch}.${plan.count} by ${plan.leader} (${plan.lifecycle}): ${plan.reason}`]],
    ["token", x.token && String(x.token)],
    ["weight", x.weight && String(x.weight)],
    ["no worker works on it", x.unowned],
    ["on the way", x.pending && `from ${x.pending.from}, waits for ${x.pending.waits_for}`],
    ["pinned", x.pin && `to ${x.pin.worker} ${note(x.pin)}`],
    ["also in the record of", x.also_in_record_of.join(", ")],
  ])];
}

export function describeWorker(w, choose) {
  if (!w) return [el("p", {}, "has left the group")];
  const role = w.leader ? "leader" : w.standby ? `standby ${w.standby}` : "";
  const settings = Object.entries(w.settings ?? {}).map(([k, v]) => `${k} = ${v}`).join(", ");
  return [facts([
    ["state", w.state ?? "no heartbeat"], ["role", role], ["zone", w.zone], ["instance", w.instance],
    ["share", `${percent(w.load ?? 0)} of a fair ${percent(w.fair)}`], ["capacity", w.capacity && String(w.capacity)],
    ["session", lives(w) && w.ttl_ms && `ttl ${w.ttl_ms / 1000} s`],
    ["drained", w.drained && (note(w.drained) || "yes")], ["cordoned", w.cordoned && (note(w.cordoned) || "yes")],
    ["applied", w.applied && `version ${w.applied.version}`], ["record", w.version && `version ${w.version}`],
    ["program", w.program_version], ["settings", settings],
  ]), el("p", { class: "names" }, `${number(w.partitions.length)} partitions: `,
    w.partitions.slice(0, most).flatMap((x) => [link(x, () => choose(x)), " "]),
    w.partitions.length > most ? `and ${number(w.partitions.length - most)} more` : null)];
}
