import { join } from "node:path";
import type { Cause, NewJoinToken } from "../../contracts/master.ts";
import type { JoinToken } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { loseHost } from "../homes/removal.ts";
import type { Wing } from "../wing.ts";
import { Authority } from "./authority.ts";
import { createToken, listTokens, readToken, revokeToken } from "./join-tokens.ts";
import { type Member, Members } from "./members.ts";
import { RemovedHost } from "./removed-host.ts";

/** Where a master keeps what it needs for other hosts. Without it, it has only the one in its own process. */
export interface Premises {
  /** Of the certificate authority. */
  identityFolder: string;
  /** Of the sockets through which the gateway reaches nodes on other hosts. */
  relayFolder: string;
}

/** Who belongs to this data centre: join tokens, the hosts that came with them, and their leaving. */
export class HostDesk {
  readonly members: Members;
  #authority: Authority | null = null;
  readonly #leaving = new Set<(member: Member) => void>();
  /** Ids of members by name: asked for with every request to a workspace. */
  readonly #ids = new Map<string, string>();

  constructor(
    readonly wing: Wing,
    readonly premises: Premises | null,
  ) {
    this.members = new Members({
      db: wing.store,
      commit: wing.commit,
      clock: wing.deps.clock,
      authority: () => this.authority,
      nameTaken: (name) => this.#taken(name),
    });
  }

  /** Before anything is asked of it, and before the wing starts. */
  async open(): Promise<void> {
    const { clock } = this.wing.deps;
    if (!this.premises) return;
    this.#authority = await Authority.open(join(this.premises.identityFolder, "authority.pem"), clock.now());
  }

  /** After the wing has started: hosts that are expected, and those that are gone for good. */
  start(): void {
    for (const member of this.members.all()) this.expect(member);
    // Of those that were removed, the ones whose last node is deleted need not be remembered any longer.
    this.wing.store.write((tx) =>
      tx.run(
        `DELETE FROM removed_hosts WHERE NOT EXISTS (SELECT 1 FROM nodes WHERE host = removed_hosts.name)
         AND NOT EXISTS (SELECT 1 FROM copies WHERE host = removed_hosts.name)`,
      ),
    );
    for (const { name } of this.wing.store.all<{ name: string }>("SELECT name FROM removed_hosts")) this.#bury(name);
  }

  get authority(): Authority {
    if (this.#authority) return this.#authority;
    throw new DockletError("unsupported", "This master has no other hosts.", "Run it with `docklet serve`.");
  }

  expect(member: Member): void {
    this.#ids.set(member.name, member.id);
    if (this.wing.hosts.isRemoved(member.name)) this.wing.forgetHost(member.name);
    this.wing.missing(member.name, "is not connected");
  }

  /** Socket of the relay to a host; null: its nodes are reached directly. */
  relayOf(name: string): string | null {
    const id = this.#ids.get(name);
    return id === undefined || !this.premises ? null : this.relayPath(id);
  }

  relayPath(id: string): string {
    return join(this.premises!.relayFolder, `${id}.sock`);
  }

  onLeaving(listener: (member: Member) => void): void {
    this.#leaving.add(listener);
  }

  tokens(): JoinToken[] {
    return listTokens(this.wing.store, this.wing.deps.clock.now());
  }

  createToken(request: Cause & NewJoinToken): { token: JoinToken; text: string } {
    const { fingerprint } = this.authority;
    const { id, text } = this.wing.commit((c) => createToken(c, fingerprint, request));
    return { token: readToken(this.wing.store, id, this.wing.deps.clock.now())!, text };
  }

  revokeToken(request: Cause & { id: string }): void {
    this.wing.commit((c) => revokeToken(c, request));
  }

  /** Takes a host out. From this write on its certificate is worth nothing, whatever becomes of its connection. */
  removeHost({ name, force, ...cause }: Cause & { name: string; force: boolean }): void {
    const { hosts, store } = this.wing;
    const joined = this.members.all().some((m) => m.name === name);
    if (!hosts.list(store).some((h) => h.name === name)) {
      throw new DockletError("not_found", `There is no host named ${name}.`, "`docklet host ls` lists them.");
    }
    if (!joined && hosts.worker(name) && !isBuried(store, name)) {
      throw new DockletError("conflict", `${name} is the master's own host.`, "Run this master with --role instead.");
    }
    const { nodes } = hosts.one(store, name);
    if (nodes > 0 && !force) {
      throw new DockletError(
        "conflict",
        `${nodes} node${nodes === 1 ? " is" : "s are"} placed on ${name}.`,
        `Move or delete them first. If the machine will never come back, use --force: its nodes are lost then, but for those whose vcluster says "recover: anew".`,
      );
    }
    const folders = foldersOn(store, name);
    if (folders.length > 0 && !force) {
      throw new DockletError(
        "conflict",
        `The data folder${folders.length === 1 ? "" : "s"} of ${folders.slice(0, 6).join(", ")}${folders.length > 6 ? ", …" : ""} ${folders.length === 1 ? "is" : "are"} on ${name}.`,
        `Drain it first: docklet host drain ${name}. If the machine will never come back, use --force: they are lost then.`,
      );
    }
    const left = this.wing.commit((c) => {
      const member = this.members.revoke(c, name);
      const about = { name };
      c.tx.run("DELETE FROM hosts WHERE name = $name", about);
      hosts.settings.drop(c, name);
      c.tx.run("DELETE FROM images WHERE host = $name", about);
      c.tx.run("DELETE FROM home_removals WHERE host = $name", about);
      loseHost(c, name);
      this.wing.losses.removed(c, name);
      c.tx.run("INSERT INTO removed_hosts (name, removed_at) VALUES ($name, $now) ON CONFLICT DO NOTHING", {
        name,
        now: c.now,
      });
      c.event({
        actor: cause.actor,
        action: "host.remove",
        object: name,
        owner: null,
        result: "ok",
        message: nodes > 0 ? `with ${nodes} nodes that were placed on it` : "",
        requestId: cause.requestId,
      });
      return member;
    });
    this.#ids.delete(name);
    this.wing.forgetHost(name);
    if (left) for (const listener of this.#leaving) listener(left);
    this.#bury(name);
  }

  /** What was under way there comes to its end: its nodes are lost, and what was built is not. */
  #bury(name: string): void {
    this.wing.attach(name, new RemovedHost(name));
    this.wing.hosts.markRemoved(name);
  }

  #taken(name: string): string | null {
    const { hosts, store } = this.wing;
    if (this.#ids.has(name)) return `There is a host named ${name} already.`;
    if (isBuried(store, name)) {
      const nodes = store.get("SELECT 1 FROM nodes WHERE host = $name", { name });
      return nodes ? `A host named ${name} was removed, and nodes that were on it are still to be deleted.` : null;
    }
    return hosts.names.includes(name) ? `There is a host named ${name} already.` : null;
  }
}

/** Names of people whose data folder has its only place there. */
const foldersOn = (db: Wing["store"], host: string): string[] =>
  db
    .all<{ name: string }>(
      "SELECT o.name FROM homes h JOIN owners o ON o.id = h.owner WHERE h.host = $host AND h.leaving = 0 ORDER BY o.name",
      { host },
    )
    .map((r) => r.name);

const isBuried = (db: Wing["store"], name: string): boolean =>
  db.get("SELECT 1 FROM removed_hosts WHERE name = $name", { name }) !== null;
