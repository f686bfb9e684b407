import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OrderOwner } from "../../contracts/worker.ts";
import { DockletError } from "../../lib/errors.ts";
import { idmappedBind, isShareable, listMounts, unmountTop } from "../../os/mounts.ts";
import { firstIdOf, userNamespaceOf } from "../../os/userns.ts";
import { type Layout, personBase } from "../layout.ts";
import type { SharedFiles } from "../shared/shared-files.ts";
import { elsewhere } from "./elsewhere.ts";
import type { Homes } from "./homes.ts";

/**
 * ~/nfs of a node: a slot that shows the person's folder, or, where that lies on another host, a page that says so and
 * nothing to write to. What is mounted in the slot appears in the node, also while it runs, and disappears again.
 */
export class HomeSlots {
  /** What lies in which instance's slot now. */
  readonly #shown = new Map<string, string>();

  constructor(
    private readonly layout: Layout,
    private readonly homes: Homes,
    private readonly shared: SharedFiles,
  ) {}

  /** `pid`: of the node's init. Doing it again changes only what differs. */
  async show(id: string, pid: number, owner: OrderOwner, vcluster: string): Promise<void> {
    if (owner.lies === "here") await this.homes.ensure(owner.id, owner.home);
    const key = JSON.stringify([owner.id, owner.lies, owner.at, owner.shared, vcluster]);
    if (this.#shown.get(id) === key) return;
    if (owner.lies === "here") this.#here(id, pid, owner.id);
    else if (owner.lies === "shared") await this.#shared(id, pid, owner);
    else this.#elsewhere(id, owner, vcluster);
    this.#shown.set(id, key);
  }

  /** Will `show` have shown the folder by the time that any command of ours could end? */
  isAtHand(owner: OrderOwner): boolean {
    return owner.lies !== "here" || this.homes.isAtHand(owner.id);
  }

  /** The mounts of an instance are taken away. */
  forget(id: string): void {
    this.#shown.delete(id);
  }

  #here(id: string, pid: number, owner: string): void {
    const top = this.#top(id);
    if (top && isShareable(top)) this.#takeOut(id);
    if (top && !isShareable(top)) return;
    const ns = userNamespaceOf(pid);
    try {
      idmappedBind(this.layout.home(owner), this.layout.homeSlot(id), ns.fd);
    } finally {
      ns.close();
    }
    rmSync(this.#page(id), { force: true });
  }

  /** Shared file systems can't show files under other ids: the node itself must have those of the person. */
  async #shared(id: string, pid: number, owner: OrderOwner): Promise<void> {
    const top = this.#top(id);
    if (top && isShareable(top)) return;
    if (top) this.#takeOut(id);
    const { range, token } = owner.shared!;
    const base = personBase(range);
    if (firstIdOf(pid) !== base)
      throw new DockletError(
        "conflict",
        "This node was started before its data folder came to the shared file system, with other ids.",
        "Stop the vcluster and start it again.",
      );
    await this.shared.show(owner.id, token, base, this.layout.homeStaging(id), this.layout.homeSlot(id));
  }

  #elsewhere(id: string, owner: OrderOwner, vcluster: string): void {
    if (this.#top(id)) this.#takeOut(id);
    mkdirSync(this.layout.homeEmpty(id), { recursive: true });
    const page = this.#page(id);
    writeFileSync(`${page}.new`, elsewhere(vcluster, owner.at), { mode: 0o444 });
    renameSync(`${page}.new`, page);
  }

  /** What lies on top of the empty slot. The table of mounts tells, also after a restart of docklet. */
  #top(id: string) {
    const slot = this.layout.homeSlot(id);
    return listMounts(slot).filter((m) => m.target === slot)[1] ?? null;
  }

  /** Not while something has a file of it open: what is written then would be lost, or be written beside the folder itself. */
  #takeOut(id: string): void {
    if (unmountTop(this.layout.homeSlot(id))) return;
    throw new DockletError(
      "conflict",
      "The data folder is in use on this node, so it can't be taken away.",
      "End what uses ~/nfs there, or stop the node.",
    );
  }

  #page = (id: string) => join(this.layout.homeEmpty(id), "README.txt");
}
