// The requests to the worker. A newer text replaces one that waits.
const SLOW = 10000; // milliseconds after which the reader may stop a calculation

export class Service {
  constructor(addresses, report) {
    this.addresses = addresses;
    this.report = report; // is called with a sentence, and whether a calculation takes long
    this.waiting = new Map();
    this.next = 0;
  }

  async start() {
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => {
      const asked = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      clearTimeout(asked?.timer);
      if (!asked) return;
      if (asked.late) this.report("", false);
      if (data.failure === undefined) asked.resolve(data.result);
      else asked.reject(new Error(data.failure));
    });
    const failed = event => this.fail(event.message ?? "the worker could not start");
    this.worker.addEventListener("error", failed);
    await this.ask("load", ...this.addresses);
  }

  ask(method, ...args) {
    return new Promise((resolve, reject) => {
      const asked = { resolve, reject, late: false }, id = this.next++;
      if (method !== "load") asked.timer = setTimeout(() => {
        asked.late = true;
        this.report("cnnspec is still calculating.", true);
      }, SLOW);
      this.waiting.set(id, asked);
      this.worker.postMessage({ id, method, args });
    });
  }

  fail(reason) {
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Error(reason));
    }
    this.waiting.clear();
  }

  async restart() {
    this.worker.terminate();
    this.fail("stopped");
    await this.start();
  }
}
