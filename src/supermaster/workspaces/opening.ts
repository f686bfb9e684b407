import { PORT_SEGMENT, TICKET_PARAM } from "../../contracts/gateway.ts";
import type { OpenSlug, Vcluster } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { theirs } from "../accounts/actor.ts";
import { personById } from "../accounts/person.ts";
import { refusal } from "../accounts/policy.ts";
import type { Ask } from "../api/ask.ts";
import type { Base } from "../base.ts";
import type { Found, Vclusters } from "../datacenters/vclusters.ts";
import { allocationById } from "../quotas/allocations.ts";
import type { Tickets } from "./tickets.ts";

/** Jupyter itself knows which of its pages comes first. */
const START = "/";

/** Links into workspaces: the portal's only way to the other origin. */
export class Opening {
  constructor(
    readonly base: Base,
    readonly vclusters: Vclusters,
    readonly tickets: Tickets,
  ) {}

  async open(
    ask: Ask,
    found: Found,
    wanted: { node?: string | undefined; port?: number | undefined },
  ): Promise<{ url: string; expiresAt: number }> {
    const v = await this.vclusters.show(found);
    const name = wanted.node ?? "host-0";
    const node = v.nodes.find((n) => n.name === name);
    if (!node) {
      throw new DockletError("not_found", `"${v.name}" has no node ${name.slice(0, 20)}.`, `It has ${nodeNames(v)}.`);
    }
    if (node.slug === null) throw notUp(v, node.state);
    const target = this.base.master.resolveSlug(node.slug);
    if (wanted.port === undefined && target && target.ready !== "jupyter") {
      throw new DockletError(
        "unsupported",
        `The image "${v.image}" has no Jupyter.`,
        "Open a terminal, or name a port.",
      );
    }
    const path = wanted.port === undefined ? START : `/${PORT_SEGMENT}/${wanted.port}/`;
    return this.#link(ask, found, node.slug, path);
  }

  /** Where the gateway sends whoever has no cookie for a workspace yet. Foreign and unknown slugs are one answer. */
  async openSlug(ask: Ask, body: OpenSlug): Promise<{ url: string; expiresAt: number }> {
    const target = this.base.master.resolveSlug(body.slug);
    const row = target && allocationById(this.base.store, target.vclusterId);
    const owner = row && personById(this.base.store, row.owner_id);
    if (!row || !owner || refusal(ask.actor, "vcluster.use", { owner: owner.id })) {
      if (row && owner) ask.denied("vcluster.open", row.name, "not theirs", owner.id, owner.name);
      throw new DockletError(
        "not_found",
        "There is no such workspace of yours.",
        "Addresses change when a vcluster starts: open it from the portal.",
      );
    }
    return this.#link(ask, { row, owner }, body.slug, body.path ?? START);
  }

  #link(ask: Ask, found: Found, slug: string, path: string): { url: string; expiresAt: number } {
    const base = this.#origin(ask, slug);
    const [beforeHash = ""] = path.split("#");
    const plain = `${base}/${slug}${beforeHash}`;
    if (!new URL(plain).pathname.startsWith(`/${slug}/`) || new URL(plain).origin !== base) {
      throw new DockletError("invalid", "The path leads out of the workspace.", "Open the workspace without a path.");
    }
    const { ticket, expiresAt } = this.tickets.issue(theirs(ask.actor), slug, found.row.id);
    this.vclusters.noteUse(ask, found, "vcluster.open", "opened the workspace");
    return { url: `${plain}${plain.includes("?") ? "&" : "?"}${TICKET_PARAM}=${ticket}`, expiresAt };
  }

  /** The workspace's own origin: its name under the wildcard domain, or the other port of the host that was asked. */
  #origin(ask: Ask, slug: string): string {
    const { WORKSPACE_DOMAIN, PROXY_PORT } = this.base.config;
    if (WORKSPACE_DOMAIN) {
      const [domain = "", port] = WORKSPACE_DOMAIN.split(":");
      return new URL(`${ask.secure ? "https" : "http"}://${slug}.${domain}${port ? `:${port}` : ""}`).origin;
    }
    // Over the unix socket there is no host name in the request that means anything.
    const portal = ask.peer.address === "local" ? this.base.portalUrl?.() : undefined;
    const own = portal === undefined ? ask.url : new URL(portal);
    const port = this.base.workspacePort?.() ?? PROXY_PORT;
    return new URL(`${ask.secure ? "https" : "http"}://${own.hostname}:${port}`).origin;
  }
}

const nodeNames = (v: Vcluster) =>
  v.nodes.length === 0 ? "none yet" : v.nodes.length === 1 ? "host-0" : `host-0 to host-${v.nodes.length - 1}`;

function notUp(v: Vcluster, state: string): DockletError {
  if (v.desired === "stopped") {
    return new DockletError("conflict", `"${v.name}" is stopped.`, "Start it first.");
  }
  return new DockletError("unavailable", `"${v.name}" is not up yet (${state}).`, "Try again in a moment.", {
    retryAfterSeconds: 1,
  });
}
