import type { Host, RouteName } from "../../../src/contracts/public/index.ts";
import { DockletError } from "../../../src/lib/errors.ts";
import { randomName, randomSecret } from "../../../src/lib/ids.ts";
import type { Call } from "./handlers.ts";
import { drain, hostView, placed, tellHost } from "./hosts.ts";
import { joinToken } from "./seed.ts";

function found(c: Call): Host {
  const host = c.w.hosts.find((h) => h.name === c.params.name);
  if (!host) throw new DockletError("not_found", `There is no host named ${c.params.name}.`, "Look at the list.");
  return host;
}

/** Hosts and the tokens with which they join. */
export const hostHandlers: Partial<Record<RouteName, (c: Call) => unknown>> = {
  hosts: (c) => ({ items: c.w.hosts.map((h) => hostView(c.w, h)) }),
  host: (c) => hostView(c.w, found(c)),
  hostNodes: (c) => ({
    items: placed(c.w, found(c).name).map(({ v, n }) => ({
      owner: v.owner,
      vcluster: v.name,
      node: n.name,
      state: n.state,
      size: n.size,
      why: n.why,
    })),
  }),
  hostMetrics: (c) => ({ items: c.w.hostSamples.get(found(c).name) ?? [] }),
  patchHost: (c) => {
    const host = found(c);
    const { cordoned, labels } = c.body;
    if (labels) host.labels = labels;
    if (cordoned !== undefined) {
      host.state = cordoned ? "cordoned" : "ready";
      host.reason = cordoned ? "was cordoned" : null;
    }
    tellHost(c.w, host);
    return hostView(c.w, host);
  },
  drainHost: (c) => drain(c.w, c.me.name, found(c), c.body.to),
  removeHost: (c) => {
    const host = found(c);
    const nodes = placed(c.w, host.name).length;
    if (host === c.w.hosts[0])
      throw new DockletError("conflict", `${host.name} is the master's own host.`, "It leaves when docklet does.");
    if (nodes > 0 && c.query.force !== "true")
      throw new DockletError("conflict", `${nodes} nodes are placed on ${host.name}.`, "Move or delete them first.");
    c.w.hosts = c.w.hosts.filter((h) => h !== host);
    for (const v of c.w.vclusters) for (const n of v.nodes) if (n.host === host.name) n.host = null;
    c.w.emit({ type: "host", data: { ...structuredClone(host), state: "removed", reason: "was removed" } }, null);
  },
  joinTokens: (c) => ({ items: c.w.joinTokens }),
  createJoinToken: (c) => {
    const now = Date.now();
    const token = joinToken(randomName(10), "valid", now, {
      uses: c.body.uses ?? 1,
      createdBy: c.me.name,
      expiresAt: now + (c.body.ttlSeconds ?? 86_400) * 1000,
    });
    c.w.joinTokens.unshift(token);
    return { token, text: `DK1.${"0a".repeat(32)}.${token.id}.${randomSecret().slice(0, 43)}` };
  },
  revokeJoinToken: (c) => {
    const token = c.w.joinTokens.find((t) => t.id === c.params.id);
    if (!token) throw new DockletError("not_found", "There is no such token.", "Look at the list.");
    token.state = "revoked";
  },
};
