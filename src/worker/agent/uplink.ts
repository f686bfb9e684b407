import { randomBytes, randomInt, X509Certificate } from "node:crypto";
import {
  BeatAnswer,
  Farewell,
  HelloAnswer,
  type HelloRequest,
  NOTICE,
  RenewAnswer,
  TO_MASTER,
} from "../../contracts/uplink.ts";
import { WIRE_VERSION } from "../../contracts/worker.ts";
import type { WorkerStatus } from "../../contracts/worker-status.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { askRegularly, BEAT, type Beat, keepAlive } from "../../lib/channel/heartbeat.ts";
import { channelOver } from "../../lib/channel/socket-channel.ts";
import { DockletError, isDocklet, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { sleep } from "../../lib/retry.ts";
import { wireTrouble } from "../../lib/wire-version.ts";
import { sinceBoot } from "../../os/clock.ts";
import { type Identity, type IdentityFiles, newKey } from "./identity.ts";
import { belongsTo, type JoinToken, join } from "./joining.ts";
import { connectTo, type MasterAddress } from "./master-connection.ts";
import { answersOf, type Served } from "./serve.ts";

const HELLO_MS = 20_000;
/** Beats within one lease: a few may be lost. */
const BEATS = 6;
const LONGEST_BEAT_MS = 5_000;

export interface UplinkPace {
  firstMs: number;
  maxMs: number;
  /** After a refusal, which time alone does not heal. */
  refusedMs: number;
  connectMs: number;
}
const PACE: UplinkPace = { firstMs: 200, maxMs: 15_000, refusedMs: 60_000, connectMs: 10_000 };

export interface UplinkOptions {
  served: Served;
  files: IdentityFiles;
  master: MasterAddress;
  /** Only needed until this host has joined. */
  token: JoinToken | null;
  name: string;
  version: string;
  log: Logger;
  /** Milliseconds since 1970. */
  now(): number;
  wire?: number;
  beat?: Beat;
  pace?: Partial<UplinkPace>;
}

/**
 * Keeps this host connected to its master: joins if it has not yet, connects, serves the worker, and begins again
 * whenever the connection is lost. Nodes never notice any of it.
 */
export class Uplink {
  readonly name = "uplink";
  readonly #o: UplinkOptions;
  readonly #pace: UplinkPace;
  readonly #instance = randomBytes(12).toString("hex");
  readonly #stopped = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #running: Promise<void> | null = null;
  #problem: string | null = "no connection has been made yet";
  #farewell: string | null = null;
  #connectedAt: number | null = null;

  constructor(options: UplinkOptions) {
    this.#o = options;
    this.#pace = { ...PACE, ...options.pace };
  }

  /**
   * Returns when the first attempt has ended one way or the other; a master that is not there yet is waited for in the
   * background. Throws when this host can't join at all, which would not get better by waiting.
   */
  async start(): Promise<void> {
    const { files, token } = this.#o;
    const identity = files.read();
    if (!identity && !token) {
      throw new DockletError(
        "invalid",
        "This host belongs to no cluster yet.",
        "Make a token on the master, `docklet join-token create --role worker`, and give it with --join.",
      );
    }
    if (identity && token) belongsTo(identity, token, files.file);
    this.#running = this.#keep();
    try {
      await this.#first.promise;
    } catch (e) {
      await this.stop();
      throw e;
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error("docklet stops"));
    await this.#running;
  }

  ready(): string | null {
    return this.#problem;
  }

  /** Where this host belongs to, and how its connection is. */
  state(): NonNullable<WorkerStatus["master"]> {
    const { files, master } = this.#o;
    const identity = files.read();
    return {
      address: `${master.host}:${master.port}`,
      cluster: identity?.cluster ?? null,
      connectedAt: this.#connectedAt,
      problem: this.#problem,
      certificateUntil: identity ? Date.parse(new X509Certificate(identity.certificate).validTo) : null,
    };
  }

  async #keep(): Promise<void> {
    let pause = this.#pace.firstMs;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const identity = this.#o.files.read();
      try {
        await this.#session(identity ?? (await this.#join()));
        pause = this.#pace.firstMs;
      } catch (e) {
        if (signal.aborted) break;
        const refused = isDocklet(e) && e.code !== "unavailable";
        this.#tell(e);
        if (refused && !identity) this.#first.reject(e);
        if (refused && identity && (await this.#joinedAnew(e))) continue;
        pause = refused ? this.#pace.refusedMs : Math.min(this.#pace.maxMs, pause * 2);
      }
      this.#first.resolve();
      // Hosts that lost their master together do not come back in the same moment.
      await sleep((pause * randomInt(500, 1001)) / 1000, signal).catch(() => {});
    }
    this.#first.resolve();
  }

  async #join(): Promise<Identity> {
    const { files, master, token, name, version, log, wire } = this.#o;
    const identity = await join(
      files,
      master,
      token!,
      { name, version, ...(wire === undefined ? {} : { wire }) },
      this.#stopped.signal,
    );
    log.info({ host: identity.host, cluster: identity.cluster }, "joined; the join token is not needed any more");
    return identity;
  }

  /** A host that was removed joins anew when it was given a token for that. */
  async #joinedAnew(e: unknown): Promise<boolean> {
    if (!this.#o.token || !(isDocklet(e, "gone") || isDocklet(e, "not_found"))) return false;
    try {
      await this.#join();
      return true;
    } catch (again) {
      this.#tell(again);
      return false;
    }
  }

  /** One connection, from its beginning to its end. Throws when it did not come about. */
  async #session(identity: Identity): Promise<void> {
    const { served, master, log, beat } = this.#o;
    const { signal } = this.#stopped;
    const socket = await connectTo(master, { kind: "member", ...identity }, signal, this.#pace.connectMs);
    const admitted = Promise.withResolvers<void>();
    admitted.promise.catch(() => {});
    const { answers, leave } = answersOf(served, { channel: () => channel, admitted: admitted.promise });
    this.#farewell = null;
    const channel: Channel = channelOver(socket, {
      ...answers,
      notices: {
        [NOTICE.renew]: () => void this.#renew(channel, identity),
        [NOTICE.farewell]: (body) => {
          const said = Farewell.safeParse(body);
          if (said.success) this.#farewell = `${said.data.message} ${said.data.hint}`;
        },
      },
    });
    const stop = () => channel.close("docklet stops");
    const forgetLapse = served.lease?.().onLapse(() => channel.close("the lease has ended"));
    signal.addEventListener("abort", stop, { once: true });
    try {
      const asked = sinceBoot();
      const { renew, lease } = await this.#hello(channel, identity);
      if (lease !== undefined) this.#holdLease(channel, asked, lease);
      admitted.resolve();
      keepAlive(channel, beat ?? BEAT);
      log.info({ master: `${master.host}:${master.port}` }, "connected to the master");
      this.#problem = null;
      this.#connectedAt = this.#o.now();
      this.#first.resolve();
      if (renew) void this.#renew(channel, identity);
      const why = await channel.closed;
      if (!signal.aborted) this.#tell(this.#farewell ? new Error(this.#farewell) : why);
    } finally {
      this.#connectedAt = null;
      forgetLapse?.();
      signal.removeEventListener("abort", stop);
      admitted.reject(new DockletError("unavailable", "The connection was not admitted."));
      channel.close("the session is over");
      leave();
    }
  }

  /** Before anything that the master says on this connection is done. */
  #holdLease(channel: Channel, asked: number, length: number): void {
    const lease = this.#o.served.lease?.();
    if (!lease) return;
    lease.connected(asked, length);
    const everyMs = Math.min(LONGEST_BEAT_MS, length / BEATS);
    askRegularly(channel, everyMs, async () => {
      // Taken before the question goes out: the answer may be long under way.
      const at = sinceBoot();
      const answer = await channel.call(TO_MASTER.beat, { lease: lease.length }, AbortSignal.timeout(length));
      lease.renewed(at, BeatAnswer.parse(answer).lease);
    });
  }

  async #hello(channel: Channel, identity: Identity): Promise<HelloAnswer> {
    const wire = this.#o.wire ?? WIRE_VERSION;
    const request: HelloRequest = { wire, version: this.#o.version, instance: this.#instance };
    let answer: HelloAnswer;
    try {
      answer = HelloAnswer.parse(await channel.call(TO_MASTER.hello, request, AbortSignal.timeout(HELLO_MS)));
    } catch (e) {
      if (!isDocklet(e) || e.details?.renew !== true) throw e;
      // It was away for longer than its certificate lasts. The master still knows it, and gives it a new one.
      await this.#renew(channel, identity);
      throw new DockletError("unavailable", "The certificate was renewed.", "");
    }
    const trouble = wireTrouble({ name: `host ${this.#o.name}`, wire }, { name: "the master", wire: answer.wire });
    if (trouble) throw new DockletError("unsupported", trouble.message, trouble.hint);
    if (answer.cluster !== identity.cluster) {
      throw new DockletError("forbidden", `The master is of the cluster ${answer.cluster}.`, "Check MASTER_IP.");
    }
    return answer;
  }

  async #renew(channel: Channel, identity: Identity): Promise<void> {
    try {
      const { key, csr } = await newKey();
      const { certificate } = RenewAnswer.parse(
        await channel.call(TO_MASTER.renew, { csr }, AbortSignal.timeout(HELLO_MS)),
      );
      this.#o.files.write({ ...identity, certificate, key });
      this.#o.log.info("the certificate of this host was renewed");
    } catch (e) {
      this.#o.log.warn({ err: e }, `the certificate could not be renewed: ${messageOf(e)}`);
    }
  }

  /** Says why there is no connection, once for each reason. */
  #tell(e: unknown): void {
    const text = isDocklet(e) ? `${e.message} ${e.hint}`.trim() : messageOf(e);
    if (text !== this.#problem) this.#o.log.warn(text);
    this.#problem = text;
  }
}
