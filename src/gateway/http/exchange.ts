import { admit, enter, type Outcome, type Visit } from "./admission.ts";
import { BodyFraming } from "./body-framing.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Context } from "./context.ts";
import type { Allowed } from "./decisions.ts";
import type { RequestHead } from "./head-parser.ts";
import { type OwnAnswer, refused, writeAnswer, writeRedirect } from "./own-answer.ts";
import { malformed, Refusal, upstreamClosed, upstreamSilent } from "./refusal.ts";
import { ResponseRelay } from "./response-relay.ts";
import { requestHead, trailerSection } from "./rewrite.ts";
import { Tunnel } from "./tunnel.ts";
import type { Upstream, UpstreamUser } from "./upstream.ts";

const EMPTY = Buffer.alloc(0);

/** One request of a client, from its head to the end of its answer (or of its tunnel). */
export class Exchange implements UpstreamUser {
  slug: string | null = null;
  grant: string | null = null;
  readonly #ctx: Context;
  readonly #client: ClientConnection;
  readonly #head: RequestHead;
  readonly #body: BodyFraming;
  #visit: Visit | null = null;
  #decision: Allowed | null = null;
  #upstream: Upstream | null = null;
  #upstreamPaused = false;
  #relay: ResponseRelay | null = null;
  #tunnel: Tunnel | null = null;
  /** Client bytes that came before there was an upstream to send them to. */
  #held: Buffer = EMPTY;
  /** Client bytes after this request: the next one. */
  #next: Buffer = EMPTY;
  #retried = false;
  #ended = false;

  constructor(ctx: Context, client: ClientConnection, head: RequestHead, rest: Buffer) {
    this.#ctx = ctx;
    this.#client = client;
    this.#head = head;
    this.#body = BodyFraming.of(head.framing, malformed);
    this.#held = rest;
  }

  start(): void {
    this.#client.deadline = performance.now() + this.#ctx.limits.responseMs;
    try {
      this.#start();
    } catch (e) {
      this.#fail(e);
    }
  }

  #start() {
    const entered = enter(this.#ctx, this.#head);
    if (entered.kind === "redirect") return this.#act(entered);
    this.#visit = entered;
    this.slug = entered.route.slug;
    const outcome = admit(this.#ctx, this.#head, entered);
    if (outcome instanceof Promise) this.#later(outcome.then((o) => this.#act(o)));
    else this.#act(outcome);
  }

  /** Errors of what runs on after `start` has returned. */
  #later(work: Promise<void>): void {
    work.catch((e) => this.#fail(e));
  }

  #act(outcome: Outcome): void {
    if (this.#ended) return;
    if (outcome.kind === "go") this.#allow(outcome.decision);
    else if (outcome.kind === "answer") this.#answer(outcome.answer);
    else {
      const { status, location, headers } = outcome;
      this.#own((close) => writeRedirect(status, location, headers, this.#head, close));
    }
  }

  #allow(decision: Allowed): void {
    this.#decision = decision;
    this.grant = decision.grant;
    const kept = this.#retried ? null : this.#ctx.pool.take(decision.upstream, !this.#repeatable);
    if (kept !== null) this.#use(kept, decision, this.#visit!);
    else this.#later(this.#connect(decision));
  }

  async #connect(decision: Allowed): Promise<void> {
    const upstream = await this.#ctx.pool.connect(decision.upstream);
    if (this.#ended) this.#ctx.pool.give(upstream);
    else if (upstream.closed) this.onUpstreamClose(false);
    else this.#use(upstream, decision, this.#visit!);
  }

  get #repeatable(): boolean {
    return this.#head.framing.kind === "none" && (this.#head.method === "GET" || this.#head.method === "HEAD");
  }

  #use(upstream: Upstream, decision: Allowed, visit: Visit): void {
    const head = this.#head;
    upstream.user = this;
    this.#upstream = upstream;
    const { stripPrefix, authorization } = decision;
    const { route, cookies: cookie, upgrade } = visit;
    const closing = head.minor === 0 || this.#ctx.draining || head.connection.includes("close");
    this.#relay = new ResponseRelay({
      client: this.#client,
      request: head,
      route,
      stripPrefix,
      upgrade,
      closing,
      headBytes: this.#ctx.limits.headBytes,
    });
    const address = this.#client.address;
    const text = requestHead(head, {
      route,
      cookie,
      authorization,
      stripPrefix,
      address,
      upgrade,
    });
    const held = this.#held;
    this.#held = EMPTY;
    this.#client.resume();
    if (held.length > 0) this.#sendBody(held, text);
    else if (!upstream.wire.sendHead(text)) this.#client.pause();
  }

  /** Request bytes on their way up; `top` goes before them in the same write. */
  #sendBody(piece: Buffer, top: string | null) {
    const body = this.#body;
    const { wire } = this.#upstream!;
    let used: number;
    let trailers: string | null = null;
    try {
      used = body.consume(piece);
      if (body.done && body.trailers !== null) trailers = trailerSection(body.trailers, true, malformed);
    } catch (e) {
      return this.#fail(e);
    }
    if (top !== null) wire.sendHead(top, piece, body.rawEnd);
    else if (body.rawEnd > 0) wire.send(body.rawEnd === piece.length ? piece : piece.subarray(0, body.rawEnd));
    if (trailers !== null) wire.sendHead(trailers);
    if (wire.blocked) this.#client.pause();
    if (used < piece.length) this.#keepNext(piece.subarray(used));
    const { limits } = this.#ctx;
    if (this.#relay!.head === null)
      this.#client.deadline = performance.now() + (body.done ? limits.responseMs : limits.bodyIdleMs);
  }

  #keepNext(piece: Buffer): void {
    this.#next = this.#next.length === 0 ? piece : Buffer.concat([this.#next, piece]);
    if (this.#next.length > this.#ctx.limits.heldBytes) this.#client.pause();
  }

  onClientData(piece: Buffer): void {
    if (this.#tunnel !== null) this.#tunnel.onClientData(piece);
    else if (this.#upstream === null) {
      this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
      if (this.#held.length > this.#ctx.limits.heldBytes) this.#client.pause();
    } else if (!this.#body.done) this.#sendBody(piece, null);
    else this.#keepNext(piece);
  }

  onClientDrained(): void {
    if (this.#tunnel !== null) this.#tunnel.onClientDrained();
    else if (this.#upstreamPaused) {
      this.#upstreamPaused = false;
      this.#upstream?.socket.resume();
    }
  }

  onUpstreamDrained(): void {
    if (this.#next.length <= this.#ctx.limits.heldBytes) this.#client.resume();
  }

  onUpstreamData(piece: Buffer) {
    const relay = this.#relay!;
    let complete: boolean;
    try {
      complete = relay.accept(piece);
    } catch (e) {
      return this.#fail(e);
    }
    if (relay.head !== null) this.#client.deadline = Number.POSITIVE_INFINITY;
    if (complete) return relay.tunnelled === null ? this.#complete() : this.#openTunnel(relay.tunnelled);
    if (this.#client.blocked && !this.#upstreamPaused) {
      this.#upstreamPaused = true;
      this.#upstream!.socket.pause();
    }
  }

  #openTunnel(first: Buffer): void {
    const { counters } = this.#ctx;
    counters.upgraded++;
    this.#tunnel = new Tunnel(this.#client, this.#upstream!, () => counters.upgraded--);
    const early = this.#next;
    this.#next = EMPTY;
    this.#client.resume();
    if (first.length > 0) this.#tunnel.onUpstreamData(first);
    if (early.length > 0) this.#tunnel.onClientData(early);
  }

  onUpstreamClose(clean: boolean) {
    if (this.#ended) return;
    const relay = this.#relay;
    const stale = this.#upstream?.reused === true && !this.#retried;
    this.#upstream = null;
    if (relay !== null && clean && relay.endedByClose()) return this.#complete();
    if (stale && relay?.touched === false && this.#repeatable) {
      this.#retried = true;
      this.#held = this.#next;
      this.#next = EMPTY;
      return this.#allow(this.#decision!);
    }
    if (relay?.head == null) {
      return this.#fail(upstreamClosed());
    }
    this.#ctx.counters.upstreamErrors++;
    this.#end();
    this.#client.exchangeDone(this.#next, relay.needsReset ? "reset" : this.#body.done ? "end" : "linger");
  }

  #complete(): void {
    const relay = this.#relay!;
    const upstream = this.#upstream;
    const whole = this.#body.done;
    this.#end();
    if (upstream !== null) {
      if (whole && relay.keepsUpstream) {
        if (this.#upstreamPaused) upstream.socket.resume();
        this.#ctx.pool.give(upstream);
      } else upstream.destroy();
    }
    this.#client.exchangeDone(this.#next, whole ? (relay.closing ? "end" : "keep") : "linger");
  }

  /** The client is gone, or must go. */
  abandon(clean: boolean): void {
    if (this.#tunnel !== null) this.#tunnel.onClientClose(clean);
    if (this.#ended) return;
    this.#end();
    if (this.#tunnel === null) this.#upstream?.destroy();
  }

  onDeadline() {
    if (this.#upstream !== null && !this.#body.done && !this.#upstream.wire.blocked) {
      return this.#fail(new Refusal(408, "request_timeout", "The rest of the request did not come."));
    }
    this.#fail(upstreamSilent());
  }

  #end(): void {
    this.#ended = true;
  }

  #answer(answer: OwnAnswer): void {
    this.#own((close) => writeAnswer(answer, this.#head, close).bytes);
  }

  /** Anything that stops the exchange: said to the client as long as nothing else was said, else the connection breaks. */
  #fail(e: unknown) {
    if (this.#ended) return;
    const refusal = e instanceof Refusal ? e : new Refusal(500, "internal", "Something went wrong inside docklet.");
    const { log, counters, decisions, options } = this.#ctx;
    const about = { slug: this.slug, method: this.#head.method, status: refusal.status, code: refusal.code };
    if (!(e instanceof Refusal)) log.error({ ...about, err: e }, "gateway request failed");
    else log.debug({ ...about, why: refusal.message }, "gateway refused a request");
    if (refusal.status === 502 || refusal.status === 504) {
      counters.upstreamErrors++;
      const visit = this.#visit;
      if (visit !== null) decisions.forget(visit.route.slug, visit.cookie, visit.route.port);
    }
    if (this.#relay?.head != null) {
      this.#upstream?.destroy();
      this.#end();
      return this.#client.exchangeDone(EMPTY, "reset");
    }
    this.#answer(refused(refusal, options.portalUrl()));
  }

  #own(write: (close: boolean) => Buffer): void {
    if (this.#ended) return;
    this.#end();
    this.#upstream?.destroy();
    let next: Buffer = this.#next;
    let keep =
      this.#upstream === null &&
      this.#head.minor === 1 &&
      !this.#head.connection.includes("close") &&
      !this.#ctx.draining;
    try {
      if (keep && this.#held.length > 0) next = this.#held.subarray(this.#body.consume(this.#held));
      keep &&= this.#body.done;
    } catch {
      // The body's framing is broken, so there is no telling where a next request would begin.
      keep = false;
    }
    this.#client.send(write(!keep));
    this.#client.exchangeDone(next, keep ? "keep" : this.#body.done ? "end" : "linger");
  }
}
