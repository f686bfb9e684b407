import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Report, VclusterOrder, WorkerApi } from "../../src/contracts/worker.ts";
import { DockletError, type ErrorCode } from "../../src/lib/errors.ts";
import { command } from "./command.ts";

const MAIN = join(import.meta.dir, "lab-worker-main.ts");

export interface LabWorkerFacts {
  name: string;
  prefix: string;
  tag: string;
  clusterNet: string;
  poolMiB: number;
  device: string | null;
  /** Removes what an earlier one has left, and ends. */
  cleanup?: boolean;
}

interface Message {
  ready?: boolean;
  report?: Report;
  id?: number;
  result?: unknown;
  error?: { code: ErrorCode; message: string; hint: string };
}

/** A worker in a process of its own, on a lab host or on this one: see lab-worker-main.ts. */
export class LabWorker implements Omit<WorkerApi, "openStream" | "sendPicture" | "receivePicture"> {
  readonly #listeners = new Set<(report: Report) => void>();
  /** The newest of each kind and name: what a listener that comes later is told first. */
  readonly #known = new Map<string, Report>();
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly orders: VclusterOrder[] = [];
  #calls = 0;
  #child: Bun.Subprocess<"pipe", "pipe", Bun.BunFile> | null = null;

  /** `enter`: makes argv one that runs on the host. */
  constructor(
    readonly facts: LabWorkerFacts,
    private readonly enter: (...argv: string[]) => string[],
  ) {}

  async up(): Promise<void> {
    const log = join(this.facts.prefix, "worker.log");
    const child = Bun.spawn(this.enter(process.execPath, MAIN, JSON.stringify(this.facts)), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: Bun.file(log),
    });
    this.#child = child;
    const ready = Promise.withResolvers<void>();
    void this.#read(child.stdout, ready.resolve);
    void child.exited.then((code) => {
      ready.reject(
        new Error(`the worker of ${this.facts.name} ended with ${code}: ${readFileSync(log, "utf8").slice(-3000)}`),
      );
      for (const w of this.#waiting.values()) w.reject(new DockletError("unavailable", "The worker has ended."));
      this.#waiting.clear();
    });
    await ready.promise;
  }

  /** Ends the process as a service manager would; nodes go on. */
  async down(): Promise<void> {
    this.#child?.stdin.end();
    await this.#child?.exited;
    this.#child = null;
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = null;
  }

  /** Ends it and everything it made. */
  async cleanup(): Promise<void> {
    await this.down();
    await command(this.enter(process.execPath, MAIN, JSON.stringify({ ...this.facts, cleanup: true })));
  }

  subscribe(listener: (report: Report) => void): () => void {
    this.#listeners.add(listener);
    for (const r of this.#known.values()) listener(r);
    return () => this.#listeners.delete(listener);
  }

  apply = (order: VclusterOrder) => {
    this.orders.push(order);
    return this.#call("apply", order) as Promise<void>;
  };
  compare: WorkerApi["compare"] = (request) => this.#call("compare", request) as Promise<string[]>;
  history = (nodes: string[]) => this.#call("history", nodes) as ReturnType<WorkerApi["history"]>;
  buildImage: WorkerApi["buildImage"] = (request) => this.#call("buildImage", request) as Promise<void>;
  cancelBuild = (operation: string) => this.#call("cancelBuild", operation) as Promise<void>;
  deleteImage = (name: string) => this.#call("deleteImage", name) as Promise<void>;
  setWarm = (image: string, count: number) => this.#call("setWarm", image, count) as Promise<void>;
  setHomeQuota = (owner: string, mib: number) => this.#call("setHomeQuota", owner, mib) as Promise<void>;
  deleteHome = (owner: string) => this.#call("deleteHome", owner) as Promise<void>;
  share: WorkerApi["share"] = (task) => this.#call("share", task) as Promise<void>;
  layersOf: WorkerApi["layersOf"] = (node) => this.#call("layersOf", node) as ReturnType<WorkerApi["layersOf"]>;
  takePicture: WorkerApi["takePicture"] = (request) =>
    this.#call("takePicture", request) as ReturnType<WorkerApi["takePicture"]>;
  adoptPicture: WorkerApi["adoptPicture"] = (picture) => this.#call("adoptPicture", picture) as Promise<void>;
  dropPictures: WorkerApi["dropPictures"] = (volume) => this.#call("dropPictures", volume) as Promise<void>;

  /** As masters want it; there is no way into a node by this one. */
  get api(): WorkerApi {
    const none = () => Promise.reject(new DockletError("unavailable", "A lab worker has no streams."));
    return Object.assign(Object.create(this) as LabWorker, {
      openStream: none,
      sendPicture: none,
      receivePicture: none,
      subscribe: (l: (report: Report) => void) => this.subscribe(l),
    });
  }

  async #read(stream: ReadableStream<Uint8Array>, ready: () => void): Promise<void> {
    const text = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const lines = (rest + text.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line) as Message, ready);
    }
  }

  #take(m: Message, ready: () => void): void {
    if (m.ready) ready();
    if (m.report) {
      const { type } = m.report;
      const name = type === "node" ? m.report.id : type === "image" ? m.report.name : "";
      if (type !== "sample") this.#known.set(`${type} ${name}`, m.report);
      for (const listener of this.#listeners) listener(m.report);
    }
    if (m.id === undefined) return;
    const waiting = this.#waiting.get(m.id);
    this.#waiting.delete(m.id);
    if (m.error) waiting?.reject(new DockletError(m.error.code, m.error.message, m.error.hint));
    else waiting?.resolve(m.result);
  }

  #call(method: string, ...args: unknown[]): Promise<unknown> {
    const child = this.#child;
    if (!child) return Promise.reject(new DockletError("unavailable", "The worker does not run."));
    const id = ++this.#calls;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    child.stdin.write(`${JSON.stringify({ id, method, args })}\n`);
    child.stdin.flush();
    return answer.promise;
  }
}
