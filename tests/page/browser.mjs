// SPDX-License-Identifier: Apache-2.0
// Headless Chromium over the DevTools protocol, by a pipe: no package is needed for that.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Browser {
  #next = 1;
  #pending = new Map();
  #rest = "";
  /** What any page wrote to its console, and what it threw. */
  messages = [];

  static async start() {
    const self = new Browser();
    self.folder = mkdtempSync(join(tmpdir(), "partita-page-"));
    self.child = spawn(process.env.PARTITA_CHROMIUM ?? "chromium", [
      "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
      "--disable-dev-shm-usage", "--hide-scrollbars", `--user-data-dir=${self.folder}`, "about:blank",
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
    self.child.stdio[4].setEncoding("utf8").on("data", (text) => self.#take(text));
    await new Promise((done, failed) => {
      self.child.on("error", (e) => failed(new Error(`chromium cannot be started: ${e.message}`)));
      self.child.on("spawn", done);
    });
    const { targetInfos } = await self.call("Target.getTargets");
    const { sessionId } = await self.call("Target.attachToTarget",
      { targetId: targetInfos.find((x) => x.type === "page").targetId, flatten: true });
    self.session = sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Performance"]) await self.call(`${domain}.enable`);
    return self;
  }

  #take(text) {
    const parts = (this.#rest + text).split("\0");
    this.#rest = parts.pop();
    for (const part of parts) this.#message(JSON.parse(part));
  }

  #message({ id, result, error, method, params }) {
    if (method === "Runtime.consoleAPICalled")
      this.messages.push(params.args.map((x) => x.value ?? x.description).join(" "));
    if (method === "Log.entryAdded") this.messages.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    if (method === "Runtime.exceptionThrown") {
      const { exception, text } = params.exceptionDetails;
      this.messages.push(exception?.description ?? text);
    }
    const waiting = this.#pending.get(id);
    if (!waiting) return;
    this.#pending.delete(id);
    if (error) waiting.failed(new Error(error.message));
    else waiting.done(result);
  }

  call(method, params = {}) {
    const id = this.#next++;
    const sessionId = method.startsWith("Target.") ? undefined : this.session;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((done, failed) => this.#pending.set(id, { done, failed }));
  }

  /** The value of an expression in the page; a promise is waited for. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async open(url) {
    await this.call("Page.navigate", { url });
    await this.until("document.readyState === 'complete'");
  }

  /** Looks again and again until that is true in the page, which announces nothing to this program. */
  async until(expression, limit = 60000) {
    const end = Date.now() + limit;
    while (!(await this.evaluate(expression).catch(() => false))) {
      if (Date.now() > end) throw new Error(`not in time: ${expression}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async size(width, height, dark = false) {
    await this.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await this.call("Emulation.setEmulatedMedia",
      { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
  }

  /** `modifiers`: 8 is the Shift key. */
  async press(key, modifiers = 0) {
    const codes = { Enter: 13, Tab: 9, Escape: 27, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, End: 35, Home: 36 };
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const event = { key, code: key, windowsVirtualKeyCode: codes[key] ?? 0, text, modifiers };
    await this.call("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.call("Input.dispatchKeyEvent", { type: "keyUp", ...event, text: undefined });
  }

  /** A picture of the page, as high as it is if `whole`. */
  async picture(file, whole = true) {
    const { data } = await this.call("Page.captureScreenshot", { format: "png", captureBeyondViewport: whole });
    writeFileSync(file, Buffer.from(data, "base64"));
  }

  async stop() {
    const ended = new Promise((done) => this.child.on("exit", done));
    // With all processes that it has started, which would go on writing into its folder.
    process.kill(-this.child.pid, "SIGKILL");
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }
}
