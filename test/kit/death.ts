import type { WorkerApi } from "../../src/contracts/worker.ts";
import type { Store } from "../../src/store/store.ts";

/** docklet dies at its n-th write: before anything of it is on disk, or after all of it is and nobody was told. */
export class Death {
  dead = false;
  armed = false;
  #writes = 0;

  constructor(
    readonly at: number,
    readonly when: "before" | "after",
  ) {}

  store(store: Store): Store {
    return new Proxy(store, {
      get: (target, key) => {
        if (key !== "write") {
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        }
        return (body: (tx: unknown) => unknown) => {
          if (this.dead) throw new Error("dead");
          if (this.armed && ++this.#writes === this.at) {
            this.dead = true;
            if (this.when === "after") target.write(body as never);
            throw new Error("dead");
          }
          return target.write(body as never);
        };
      },
    });
  }

  /** Whatever a dead master asks for does not arrive. */
  worker(worker: WorkerApi): WorkerApi {
    return new Proxy(worker, {
      get: (target, key) => {
        const value = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) =>
          this.dead && key !== "subscribe" ? new Promise(() => {}) : value.apply(target, args);
      },
    });
  }
}
