import type { Decision, GatewayApi, UpstreamAddress } from "../../contracts/gateway.ts";
import type { SlugTarget } from "../../contracts/master.ts";
import { relayPreface } from "../../contracts/uplink.ts";
import { longId, randomSecret } from "../../lib/ids.ts";
import { ALL_SCOPES, type PersonActor } from "../accounts/actor.ts";
import { credentialsAlive, type Identity } from "../accounts/identity.ts";
import { personById } from "../accounts/person.ts";
import { can } from "../accounts/policy.ts";
import { secretHash } from "../accounts/secret.ts";
import type { Base } from "../base.ts";
import { allocationById } from "../quotas/allocations.ts";
import { type GrantEnds, type GrantListener, type GrantRow, grantByHash } from "./grants.ts";
import type { Tickets } from "./tickets.ts";

/** A grant never outlives its session or token; this bounds those of the root-only socket, which have neither. */
const GRANT_MS = 30 * 86_400_000;
const SOCKET_GRANT_MS = 12 * 3_600_000;
/** How long the gateway may keep an answer. What ends a grant is told at once anyway. */
const ANSWER_MS = 10_000;
const TOUCH_MS = 60_000;
const JUPYTER_PORT = 8888;

/** What the gateway asks: who may use which workspace, decided by the policy that decides everything else. */
export class WorkspaceGate implements GatewayApi {
  readonly #touched = new Map<string, number>();

  constructor(
    readonly base: Base,
    readonly identity: Identity,
    readonly tickets: Tickets,
    readonly ends: GrantEnds,
  ) {}

  async redeem(ticket: string, slug: string): Promise<{ cookie: string; maxAgeSeconds: number } | null> {
    const found = this.tickets.take(ticket, slug);
    const actor = found && this.identity.refresh(found.actor);
    if (!found || !actor) return null;
    const row = allocationById(this.base.store, found.vclusterId);
    if (!row || !can(actor, "vcluster.use", { owner: row.owner_id })) return null;
    const cookie = randomSecret();
    const now = this.base.clock.now();
    const lives = actor.via.kind === "socket" ? SOCKET_GRANT_MS : GRANT_MS;
    this.base.store.write((tx) =>
      tx.run(
        "INSERT INTO grants (id, hash, user_id, session_id, token_id, vcluster_id, slug, created_at, expires_at) VALUES ($id, $hash, $user, $session, $token, $vcluster, $slug, $now, $expires)",
        {
          id: longId("grant"),
          hash: secretHash(cookie),
          user: actor.person.id,
          session: actor.via.kind === "session" ? actor.via.id : null,
          token: actor.via.kind === "token" ? actor.via.id : null,
          vcluster: row.id,
          slug,
          now,
          expires: now + lives,
        },
      ),
    );
    return { cookie, maxAgeSeconds: lives / 1000 };
  }

  async resolve(request: { slug: string; cookie: string | null; port: number | null }): Promise<Decision> {
    const now = this.base.clock.now();
    const grant = request.cookie === null ? null : grantByHash(this.base.store, secretHash(request.cookie));
    if (!grant || grant.slug !== request.slug || grant.expires_at <= now) return { kind: "login" };
    const actor = this.#actorOf(grant, now);
    if (!actor) return { kind: "login" };
    const row = allocationById(this.base.store, grant.vcluster_id);
    if (!row || !can(actor, "vcluster.use", { owner: row.owner_id })) {
      return { kind: "deny", message: "This workspace is not yours, or it is gone." };
    }
    const target = this.base.master.resolveSlug(request.slug);
    // A slug that another vcluster got meanwhile is not what was granted.
    if (!target || target.vclusterId !== row.id) {
      return { kind: "deny", message: "This address is no longer in use. Open the workspace from the portal again." };
    }
    if (grant.session_id) this.#touch(grant.session_id, now);
    return decide(target, row.name, grant.id, request.port);
  }

  onRevoke(listener: GrantListener): () => void {
    return this.ends.listen(listener);
  }

  #actorOf(grant: GrantRow, now: number): PersonActor | null {
    const person = personById(this.base.store, grant.user_id);
    if (!person || person.disabled) return null;
    const via: PersonActor["via"] = grant.session_id
      ? { kind: "session", id: grant.session_id, csrf: "" }
      : grant.token_id
        ? { kind: "token", id: grant.token_id }
        : { kind: "socket" };
    if (!credentialsAlive(this.base.store, via, now)) return null;
    const scopes =
      via.kind === "token"
        ? this.base.store.get<{ scopes: string }>("SELECT scopes FROM tokens WHERE id = ?", [via.id])!.scopes.split(",")
        : ALL_SCOPES;
    return { kind: "person", person, via, scopes: scopes as PersonActor["scopes"] };
  }

  #touch(session: string, now: number): void {
    if (now - (this.#touched.get(session) ?? 0) < TOUCH_MS) return;
    if (this.#touched.size > 10_000) this.#touched.clear();
    this.#touched.set(session, now);
    this.identity.touchSession(session, now);
  }
}

/** Nodes of other hosts are reached through the relay: their network ends at their host. */
function addressOf({ address, relay }: SlugTarget, port: number): UpstreamAddress {
  if (relay === undefined) return { host: address, port };
  return { host: address, port, via: { socket: relay, preface: relayPreface(address, port) } };
}

function decide(target: SlugTarget, vcluster: string, grant: string, port: number | null): Decision {
  const stopped = { vcluster, node: target.node, state: target.state, reason: target.reason };
  if (target.state === "ready") {
    if (port !== null) {
      const upstream = addressOf(target, port);
      return { kind: "allow", grant, maxAgeMs: ANSWER_MS, upstream, authorization: null, stripPrefix: true };
    }
    if (target.jupyterToken === null || target.ready !== "jupyter") {
      return { kind: "deny", message: "The image of this vcluster has no Jupyter. Open a terminal in the portal." };
    }
    return {
      kind: "allow",
      grant,
      maxAgeMs: ANSWER_MS,
      upstream: addressOf(target, JUPYTER_PORT),
      authorization: `token ${target.jupyterToken}`,
      stripPrefix: false,
    };
  }
  const coming = ["pending", "preparing", "booting"].includes(target.state);
  return { kind: coming ? "wait" : "down", ...stopped };
}
