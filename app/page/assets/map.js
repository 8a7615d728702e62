// SPDX-License-Identifier: Apache-2.0
// The partitions as cells of one canvas, so that a hundred thousand of them stay fluid.
import { MOVING, OWNED } from "./model.js";

// Neighbours differ; which worker it is says its number, the line below and the selection.
const TINTS = 6;
const LARGEST = 26, SMALLEST = 2, TALLEST = 420, LABEL = 18;

export class PartitionMap {
  /** Cells in their order: indices into the model's names. */
  #order = [];
  #size = LARGEST;
  #columns = 1;
  #at = 0;

  /** `tell` gets the index of a partition below the cursor, `choose` of one that was chosen
   *  (undefined: none is there). */
  constructor(box, model, tell, choose) {
    Object.assign(this, { box, model, tell, choose, byOwner: false, lit: null });
    this.canvas = box.querySelector("canvas");
    this.cursor = box.querySelector("#cursor");
    new ResizeObserver(() => this.draw()).observe(box);
    box.addEventListener("keydown", (e) => this.#key(e));
    box.addEventListener("focus", () => this.#move(this.#at));
    box.addEventListener("blur", () => { this.cursor.hidden = true; });
    this.canvas.addEventListener("pointermove", (e) => this.#move(this.#cellAt(e)));
    this.canvas.addEventListener("pointerleave", () => {
      if (document.activeElement !== box) this.cursor.hidden = true;
    });
    this.canvas.addEventListener("click", (e) => this.choose(this.#order[this.#cellAt(e)]));
  }

  sort() {
    const { owner, names, workers } = this.model;
    this.#order = Array.from(names.keys());
    if (!this.byOwner) return;
    const lists = Array.from({ length: workers.length + 1 }, () => []);
    for (const i of names.keys()) lists[owner[i] + 1].push(i);
    this.#order = lists.flat();
  }

  draw() {
    const width = this.box.clientWidth;
    const n = this.#order.length;
    if (!width) return;
    this.#size = LARGEST;
    while (this.#size > SMALLEST
      && Math.ceil(n / Math.floor(width / this.#size)) * this.#size > TALLEST) this.#size--;
    this.#columns = Math.max(1, Math.floor(width / this.#size));
    const height = Math.ceil(n / this.#columns) * this.#size;
    const scale = devicePixelRatio || 1;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.canvas.style.height = `${height}px`;
    const g = this.canvas.getContext("2d");
    g.scale(scale, scale);
    this.#paint(g);
    if (!this.cursor.hidden) this.#move(Math.min(this.#at, n - 1));
  }

  #paint(g) {
    const style = getComputedStyle(this.box);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const tints = Array.from({ length: TINTS }, (_, i) => colour(`tint-${i}`));
    const { owner, mark, workers } = this.model;
    const s = this.#size, inner = s - (s > 5 ? 2 : s > 3 ? 1 : 0);
    const labels = workers.map((w) => w.worker_id.match(/\d+$/)?.[0] ?? "");
    const onTint = colour("on-tint"), order = this.#order, marked = [];
    const plain = (i) => mark[i] === OWNED && owner[i] >= 0;
    const faint = (i) => this.lit !== null && !this.lit(i);
    g.font = `${Math.floor(s / 2.4)}px system-ui, sans-serif`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    for (let cell = 0, n; cell < order.length; cell += n) {
      const i = order[cell], column = cell % this.#columns, x = column * s, y = (cell - column) / this.#columns * s;
      const pale = faint(i);
      n = 1;
      if (!plain(i)) {
        marked.push([x, y, mark[i] === MOVING]);
        continue;
      }
      // Cells without a gap between them are drawn as one.
      while (inner === s && column + n < this.#columns && owner[order[cell + n]] === owner[i]
        && plain(order[cell + n]) && faint(order[cell + n]) === pale) n++;
      g.globalAlpha = pale ? 0.16 : 1;
      g.fillStyle = tints[(labels[owner[i]] || owner[i]) % TINTS];
      g.fillRect(x, y, inner + (n - 1) * s, inner);
      if (s < LABEL) continue;
      g.fillStyle = onTint;
      g.fillText(labels[owner[i]], x + inner / 2, y + inner / 2 + 0.5);
    }
    g.globalAlpha = 1;
    for (const [x, y, moves] of marked)
      drawMarked(g, x, y, Math.max(inner, 7), moves, colour(moves ? "warn" : "bad"), colour("ground"));
  }

  /** Moves the cursor to a partition, if it is there. */
  show(index) { this.#move(this.#order.indexOf(index)); }

  #cellAt(e) {
    const column = Math.min(Math.floor(e.offsetX / this.#size), this.#columns - 1);
    return Math.floor(e.offsetY / this.#size) * this.#columns + column;
  }

  #move(cell) {
    if (cell < 0 || cell >= this.#order.length) return;
    this.#at = cell;
    const s = this.#size;
    Object.assign(this.cursor.style, {
      width: `${s}px`, height: `${s}px`, left: `${(cell % this.#columns + 0.5) * s - 1}px`,
      top: `${(Math.floor(cell / this.#columns) + 0.5) * s - 1}px`,
    });
    this.cursor.hidden = false;
    this.tell(this.#order[cell]);
  }

  #key(e) {
    const last = this.#order.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns,
      Home: -last, End: last }[e.key];
    if (step) {
      const to = this.#at + step;
      this.#move(Math.abs(step) === last ? Math.max(0, Math.min(last, to)) : to);
    } else if (e.key === "Enter" || e.key === " ") this.choose(this.#order[this.#at]);
    else return;
    e.preventDefault();
  }
}

/** Not by colour alone: what moves is striped, what no worker works on is an empty box with a cross. */
function drawMarked(g, x, y, size, moves, colour, ground) {
  g.fillStyle = ground;
  g.fillRect(x, y, size, size);
  g.strokeStyle = colour;
  g.lineWidth = 1.5;
  g.strokeRect(x + 1, y + 1, size - 2, size - 2);
  g.beginPath();
  g.moveTo(x + 2, y + size - 2);
  g.lineTo(x + size - 2, y + 2);
  if (!moves) {
    g.moveTo(x + 2, y + 2);
    g.lineTo(x + size - 2, y + size - 2);
  }
  g.stroke();
}
