import type { SharedReport, SharedTask } from "../../src/contracts/worker.ts";
import { DockletError } from "../../src/lib/errors.ts";

/** A file system that several fake hosts have mounted. */
export class FakeSharedDisk {
  token: string | null = null;
  nonce: string | null = null;
  readonly homes = new Set<string>();
  /** What each host that has it mounted finds wrong with it. */
  readonly trouble = new Map<string, string>();
  readonly #seers = new Map<string, () => void>();

  constructor(readonly type = "fuse.glusterfs") {}

  mount(host: string, seen: () => void): void {
    this.#seers.set(host, seen);
  }

  umount(host: string): void {
    this.#seers.delete(host);
  }

  do(task: SharedTask): void {
    if (task.task === "removeHome") {
      this.homes.delete(task.owner);
      return;
    }
    if (this.token !== null && this.token !== task.token) throw new DockletError("conflict", "It belongs to others.");
    this.token = task.token;
    this.nonce = task.nonce;
    for (const seen of this.#seers.values()) seen();
  }

  report(host: string): SharedReport {
    const problem = this.trouble.get(host) ?? null;
    return { type: this.type, token: problem ? null : this.token, nonce: problem ? null : this.nonce, problem };
  }

  /** All hosts look again. */
  look(): void {
    for (const seen of this.#seers.values()) seen();
  }
}
