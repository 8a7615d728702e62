// SPDX-License-Identifier: Apache-2.0
// Elements of the page, and those that show what `partita explain` says of a partition and
// `partita workers` of a worker. Text of the store becomes text nodes, never markup.
import { lives, number, percent } from "./model.js";

const most = 200;

export function el(name, attributes = {}, ...children) {
  const out = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) out.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) out.setAttribute(key, value);
  out.append(...children.flat(Infinity).filter((x) => x != null));
  return out;
}

/** What says in a shape what the text beside it says in words. */
export const sign = (symbol) => el("span", { class: "sign", "aria-hidden": "true" }, symbol);

export const clock = (at) => {
  const time = new Date(at * 1000), iso = time.toISOString();
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString("en-CA")} `;
  return el("time", { datetime: iso, title: iso }, day + time.toLocaleTimeString("en-GB"));
};

/** Keeps the items that are the same, with their focus; a screen reader announces the others. */
export function setList(list, items) {
  const old = new Map(Array.from(list.children, (x) => [x.outerHTML, x]));
  const next = items.map((x) => { const same = old.get(x.outerHTML); return old.delete(x.outerHTML) ? same : x; });
  for (const x of [...list.children]) if (!next.includes(x)) x.remove();
  next.forEach((x, i) => { if (list.children[i] !== x) list.insertBefore(x, list.children[i] ?? null); });
}

function facts(list) {
  return el("dl", {}, list.filter(([, value]) => value != null && value !== "")
    .map(([name, ...value]) => [el("dt", {}, name), el("dd", {}, ...value)]));
}

const link = (text, act) => el("button", { type: "button", class: "link", onclick: act }, text);
export const note = (x) => x && [x.by && `by ${x.by}`, x.reason].filter(Boolean).join(": ");

export async function describePartition(name, choose) {
  const answer = await fetch(`/v1/group/partition?name=${encodeURIComponent(name)}`).catch(() => null);
  const x = await answer?.json().catch(() => null);
  if (!x || x.error) return [el("p", {}, x?.error?.found ?? "no answer")];
  const plan = x.plans?.at(-1);
  return [facts([
    ["owner", x.owner ? link(x.owner, () => choose(x.owner)) : "none"],
    ["since", x.owner && [x.record_granted_it ? "" : "before ", clock(x.record_at)]],
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

export const roleOf = (w) => w.leader ? "leader" : w.standby ? `standby ${w.standby}` : "";

export function describeWorker(w, choose) {
  if (!w) return [el("p", {}, "has left the group")];
  const settings = Object.entries(w.settings ?? {}).map(([k, v]) => `${k} = ${v}`).join(", ");
  return [facts([
    ["state", w.state ?? "no heartbeat"], ["role", roleOf(w)], ["zone", w.zone], ["instance", w.instance],
    ["share", `${percent(w.load ?? 0)} of a fair ${percent(w.fair)}`], ["capacity", w.capacity && String(w.capacity)],
    ["session", lives(w) && w.ttl_ms && `ttl ${w.ttl_ms / 1000} s`],
    ["drained", w.drained && (note(w.drained) || "yes")], ["cordoned", w.cordoned && (note(w.cordoned) || "yes")],
    ["applied", w.applied && `version ${w.applied.version}`], ["record", w.version && `version ${w.version}`],
    ["program", w.program_version], ["settings", settings],
  ]), el("p", { class: "names" }, `${number(w.partitions.length)} partitions: `,
    w.partitions.slice(0, most).flatMap((x) => [link(x, () => choose(x)), " "]),
    w.partitions.length > most ? `and ${number(w.partitions.length - most)} more` : null)];
}
