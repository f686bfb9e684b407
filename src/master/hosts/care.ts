import type { Cause } from "../../contracts/master.ts";
import type { Host, HostNode, HostSample, Labels } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Reader } from "../../store/store.ts";
import { type NodeRow, nodeName } from "../vclusters/rows.ts";
import type { Wing } from "../wing.ts";

/** What people look at and set about one host. */
export class HostCare {
  constructor(readonly wing: Wing) {}

  one(name: string): Host | null {
    const { hosts, store } = this.wing;
    const host = hosts.has(name) ? hosts.one(store, name) : null;
    // Of one that was removed, nothing is left once its last node is deleted.
    return host?.state === "removed" && host.nodes === 0 ? null : host;
  }

  patch(request: Cause & { name: string; cordoned?: boolean | undefined; labels?: Labels | undefined }): Host {
    const { hosts, store, frames } = this.wing;
    const { name } = request;
    const before = this.#known(name);
    if (before.state === "removed") {
      throw new DockletError("gone", `The host ${name} was removed.`, "It can come back with a new join token.");
    }
    if (request.cordoned === false && before.operation !== null) {
      throw new DockletError("conflict", `${name} is being drained.`, "Cancel the drain first: docklet operation ls");
    }
    this.wing.commit((c) => hosts.settings.set(c, name, request, request));
    const host = hosts.one(store, name);
    frames.emit({ type: "host", data: host });
    return host;
  }

  nodes(name: string, owner: string | null): HostNode[] {
    this.#known(name);
    return nodesOn(this.wing.store, name, owner);
  }

  metrics(name: string): HostSample[] {
    this.#known(name);
    return this.wing.history.of(name, this.wing.deps.clock.now());
  }

  #known(name: string): Host {
    const host = this.one(name);
    if (host) return host;
    throw new DockletError(
      "not_found",
      `There is no host named ${name.slice(0, 64)}.`,
      "`docklet host ls` lists them.",
    );
  }
}

/** Nodes that are placed on a host, in the order of owner, vcluster and number. owner null: everybody's. */
function nodesOn(db: Reader, host: string, owner: string | null): HostNode[] {
  const rows = db.all<NodeRow & { vc: string; owner: string }>(
    `SELECT n.*, v.name AS vc, o.name AS owner FROM nodes n JOIN vclusters v ON v.id = n.vcluster JOIN owners o ON o.id = v.owner_id
     WHERE n.host = $host AND ($owner IS NULL OR o.name = $owner) ORDER BY o.name, v.name, n.idx`,
    { host, owner },
  );
  return rows.map((n) => ({
    owner: n.owner,
    vcluster: n.vc,
    node: nodeName(n),
    state: n.state,
    size: { cpu: n.cpu, memory: n.memory, disk: n.disk },
    why: n.why,
  }));
}
