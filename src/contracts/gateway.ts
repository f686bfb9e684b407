/**
 * What the gateway asks. It holds tenants' bytes and no state: it never opens a database and never decides
 * who may do what. Answers may be kept until `onRevoke` names them or `maxAgeMs` is over.
 */
export interface GatewayApi {
  /** Trades a single-use ticket for a cookie value bound to one slug. null: unknown, used, expired or for another slug. */
  redeem(ticket: string, slug: string): Promise<{ cookie: string; maxAgeSeconds: number } | null>;
  resolve(request: { slug: string; cookie: string | null; port: number | null }): Promise<Decision>;
  /** Called when grants end (logout, user disabled, vcluster gone): sockets that used them are closed. */
  onRevoke(listener: (revoked: { grant?: string; slug?: string }) => void): () => void;
}

/**
 * Where a request goes. With `via`: whoever connects to that socket and says the preface gets a line that begins with
 * `+`, and then the bytes of host and port behind it; or one with `-` and the reason. The bytes come in pieces, each
 * behind its length (4 bytes, big-endian), and end with a length of zero: else they were broken off.
 */
export interface UpstreamAddress {
  host: string;
  port: number;
  via?: { socket: string; preface: string };
}

export type Decision =
  | {
      kind: "allow";
      /** Names the grant in onRevoke. */
      grant: string;
      maxAgeMs: number;
      upstream: UpstreamAddress;
      /** Put in place of whatever Authorization the client sent; null: none. */
      authorization: string | null;
      /** Jupyter knows its base URL and gets the whole path; other ports get it without the prefix. */
      stripPrefix: boolean;
    }
  /** Coming up: show progress, try again by itself. */
  | { kind: "wait"; vcluster: string; node: string; state: string; reason: string | null }
  /** Not running and nobody starts it: say so, link to the portal. */
  | { kind: "down"; vcluster: string; node: string; state: string; reason: string | null }
  | { kind: "login" }
  | { kind: "deny"; message: string };

/** `/<slug>/…` is the node's Jupyter, `/<slug>/port/<n>/…` any port of it. */
export const PORT_SEGMENT = "port";
export const SLUG = /^[a-z][a-z0-9]{9,31}$/;
/** Query parameter that carries a ticket. */
export const TICKET_PARAM = "docklet_ticket";
/** Cookie of a workspace: this plus the slug, Path=/<slug>/. Never forwarded. */
export const COOKIE_PREFIX = "dkw_";

export interface GatewayOptions {
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** Where people log in, for links on the gateway's own pages. `host`: the Host that they know this place by. */
  portalUrl: (host?: string) => string;
  /** With it, `<slug>.<domain>` is the workspace's origin. */
  wildcardDomain: string | null;
  /** Public origins that browsers may come from, for WebSocket upgrades; computed from Host when empty. */
  origins: string[];
}

export interface RunningGateway {
  readonly port: number;
  /** Refuses new connections, lets what runs end, closes the rest after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  stats(): { connections: number; requests: number; upgraded: number; upstreamErrors: number };
}
