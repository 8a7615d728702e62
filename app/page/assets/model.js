// SPDX-License-Identifier: Apache-2.0
// What the page knows of a group, without the page: the document that the server sends, and
// what follows from it.

/** Applies a merge patch (RFC 7396) in place; never to what all objects inherit from. */
export function applyPatch(to, patch) {
  for (const [name, value] of Object.entries(patch)) {
    const plain = value !== null && typeof value === "object" && !Array.isArray(value);
    if (value === null || name === "__proto__") delete to[name];
    else if (plain && to[name] && typeof to[name] === "object") applyPatch(to[name], value);
    else to[name] = value;
  }
  return to;
}

/** A key whose order is that in which people count: orders.2 before orders.10. */
export const sortKey = (name) => name.replace(/\d+/g, (n) => n.padStart(10, "0"));

export const number = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");
export const count = (n, what) => `${number(n)} ${what}${n === 1 ? "" : "s"}`;
export const percent = (x) => `${(100 * x).toFixed(!x ? 0 : x < 0.01 ? 2 : x < 0.1 ? 1 : 0)} %`;

/** Whether a worker takes part. */
export const lives = (w) => ["joining", "working", "draining"].includes(w.state);

/** As people count: by sortKey of `name` of each. */
const sorted = (xs, name) => Array.from(xs, (x) => [sortKey(name(x)), x])
  .sort((a, b) => (a[0] < b[0] ? -1 : 1)).map((x) => x[1]);

export const OWNED = 0, MOVING = 1, UNOWNED = 2;

export class Model {
  doc = {};
  /** Sorted by id. */
  workers = [];
  /** Partitions by name: names, and for each the index of its owner (-1: none) and what is with it. */
  names = [];
  owner = new Int32Array(0);
  mark = new Uint8Array(0);
  #index = new Map();
  #lists = [];
  #known = new Map();
  #epoch = null;
  #seen = [];

  get group() { return this.doc.group; }

  /** Whether the explanation of a partition may be another one now. */
  take(patch, whole) {
    this.doc = whole ? patch : applyPatch(this.doc, patch);
    if (this.group) this.#derive();
    this.#note();
    return patch.group || patch.plans || Object.values(patch.workers ?? {}).some((w) => !w || w.partitions || w.version);
  }

  /** Leaders and problems since the page was opened, kept for its time line. */
  #note() {
    const when = { at: Date.now() / 1000, seen: " · seen by this page" };
    const now = new Map(this.problems().filter(([, , key]) => key !== null).map(([, text, key = text]) => [key, text]));
    for (const [key, problem] of now) if (!this.#known.has(key)) this.#seen.unshift({ problem, ...when });
    this.#known = now;
    const { leader, epoch } = this.group ?? {};
    if (leader && epoch !== this.#epoch) this.#seen.unshift({ leads: leader, epoch: this.#epoch = epoch, ...when });
    this.#seen.length = Math.min(this.#seen.length, 100);
  }

  indexOf(name) { return this.#index.get(name) ?? -1; }
  worker(id) { return Object.hasOwn(this.doc.workers ?? {}, id) ? this.doc.workers[id] : undefined; }

  #derive() {
    this.workers = sorted(Object.values(this.doc.workers ?? {}), (w) => w.worker_id);
    // As in a plan: a drained worker has no share.
    const part = (w) => lives(w) && !w.drained ? w.capacity : 0;
    const capacity = this.workers.reduce((sum, w) => sum + part(w), 0);
    for (const w of this.workers) w.fair = capacity && part(w) / capacity;
    const { hand_offs: moves, unowned } = this.group;
    this.#setNames([...this.workers.map((w) => w.partitions), moves, unowned]);
    this.owner.fill(-1);
    this.mark.fill(OWNED);
    this.workers.forEach((w, i) => {
      for (const name of w.partitions) {
        const at = this.#index.get(name);
        if (this.owner[at] < 0 || lives(w)) this.owner[at] = i;
      }
    });
    for (const x of moves) this.mark[this.#index.get(x.partition)] = MOVING;
    for (const x of unowned) this.mark[this.#index.get(x.partition)] = UNOWNED;
  }

  /** Looks at all names only if a list is another than before, and sorts only other names: both
   *  take long. */
  #setNames(lists) {
    if (lists.length === this.#lists.length && lists.every((x, i) => x === this.#lists[i])) return;
    this.#lists = lists;
    const found = new Set(lists.flat().map((x) => x.partition ?? x));
    if (found.size === this.names.length && this.names.every((name) => found.has(name))) return;
    this.names = sorted(found, (name) => name);
    this.#index = new Map(this.names.map((name, i) => [name, i]));
    this.owner = new Int32Array(this.names.length);
    this.mark = new Uint8Array(this.names.length);
  }

  /** What an operator must know first: [level, text, key], `error` before `warn`. One key (else text) is
   *  one line of the time line; null: it should end by itself, and has none. */
  problems() {
    const out = [];
    if (this.doc.trouble) out.push(["error", this.doc.trouble]);
    const g = this.group;
    if (!g) return out;
    if (!g.leader) out.push(["error", "no worker leads the group"]);
    for (const [why, xs] of groupBy(g.unowned, (x) => x.why))
      out.push(["error", `${some(xs.map((x) => x.partition), "partition")} without a worker: ${why}`, why]);
    // Without news all seem silent. The time left is in the table: here each second would be announced.
    for (const w of this.workers)
      if (w.session_left_ms != null && !this.doc.trouble)
        out.push(["warn", `${w.worker_id} is silent: less than half of its session is left`]);
    if (g.grants_wait) out.push(["warn", `the leader grants nothing yet: ${g.grants_wait.reason}`]);
    for (const [why, xs] of groupBy(g.hand_offs, (x) => `from ${x.from}, waits for ${x.waits_for}`))
      out.push(["warn", `${some(xs.map((x) => x.partition), "partition")} on the way ${why}`, null]);
    for (const [why, xs] of groupBy(g.waiting, (x) => x.waits_for))
      out.push(["warn", `${some(xs.map((x) => x.worker_id), "worker")} without a plan yet, waiting for ${why}`, null]);
    if (g.in_two_records.length)
      out.push(["warn", `in two records: ${some(g.in_two_records, "partition")}`, "in two records"]);
    if (g.settings_differ) out.push(["warn", `settings differ: ${g.settings_differ}`]);
    for (const x of g.unreadable) out.push(["error", `cannot read ${x.key} of ${x.bucket}: ${x.why}`]);
    return out.sort((a, b) => (a[0] === b[0] ? 0 : a[0] === "error" ? -1 : 1));
  }

  /** Directives in force: [what, of whom or what, note]. */
  directives() {
    const g = this.group;
    if (!g) return [];
    const out = g.pauses.map((x) => ["pause", `${count(x.left_min, "minute")} left`, x]);
    if (g.rebalance) out.push(["rebalance", "", g.rebalance]);
    if (g.step_down) out.push(["step down", "", g.step_down]);
    for (const w of this.workers) {
      if (w.drained) out.push(["drain", w.worker_id, w.drained]);
      if (w.cordoned) out.push(["cordon", w.worker_id, w.cordoned]);
    }
    for (const x of g.pins) out.push(["pin", `${x.partition} to ${x.worker}`, x]);
    return out;
  }

  /** Plans and problems, newest first; each leader below its first plan, or as seen while it has none. */
  timeline() {
    const plans = Object.values(this.doc.plans ?? {})
      .sort((a, b) => b.epoch - a.epoch || b.count - a.count);
    const out = [];
    plans.forEach((x, i) => {
      out.push(x);
      if (plans[i + 1]?.epoch !== x.epoch) out.push({ leads: x.leader, epoch: x.epoch, at: x.at });
    });
    const seen = this.#seen.filter((x) => !plans.some((p) => p.epoch === x.epoch));
    return [...out, ...seen].sort((a, b) => b.at - a.at);
  }
}

function groupBy(xs, key) {
  const out = new Map();
  for (const x of xs) out.get(key(x))?.push(x) ?? out.set(key(x), [x]);
  return out;
}

/** A few names, or how many there are. */
const some = (names, what) => names.length <= 3 ? names.join(", ") : count(names.length, what);
