import type { StreamFrame } from "../../contracts/public/index.ts";
import { DockletError } from "../../lib/errors.ts";
import { type PersonActor, theirs } from "../accounts/actor.ts";
import { can } from "../accounts/policy.ts";
import type { Audience } from "../audit/hub.ts";
import type { Wing } from "../wing.ts";
import type { Ask } from "./ask.ts";
import { type Reader, Readers } from "./readers.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

const HEARTBEAT_MS = 15_000;
/** A client that is this many bytes behind is let go; it comes back and starts from `hello`. */
const QUEUE_BYTES = 1024 * 1024;
const PER_PERSON = 40;

const bytes = (text: string) => new TextEncoder().encode(text);

/** GET /events/stream: everything that changes, to everyone who may see it. */
export class EventStreams {
  readonly #readers = new Readers();
  readonly #leave: (() => void)[] = [];
  #heartbeat: Timer | null = null;
  #stopped = false;

  constructor(readonly wing: Wing) {
    const { hub } = wing.base;
    this.#leave.push(
      hub.onFrame((frame, audience) => this.#deliver(frame, audience)),
      hub.onRevoked(() => this.#review()),
    );
  }

  get count(): number {
    return this.#readers.size;
  }

  open(ask: Ask): Response {
    if (this.#stopped) throw new DockletError("unavailable", "docklet is stopping.", "Try again in a moment.");
    const actor = theirs(ask.actor);
    if (this.#readers.of(actor.person.id) >= PER_PERSON) {
      throw new DockletError("throttled", `You have ${PER_PERSON} event streams open already.`, "Close some pages.", {
        retryAfterSeconds: 10,
      });
    }
    ask.peer.keepOpen();
    let reader: Reader | null = null;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader = {
            actor,
            send: (data) => {
              if ((controller.desiredSize ?? 0) <= 0) this.#drop(reader!);
              else controller.enqueue(data);
            },
            close: () => controller.close(),
          };
          this.#readers.add(reader);
          this.#beat();
          reader.send(bytes("retry: 1000\n\n"));
          reader.send(encode({ type: "hello", at: this.wing.base.clock.now() }));
        },
        cancel: () => {
          this.#readers.delete(reader!);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES }),
    );
    return new Response(stream, {
      headers: {
        ...SECURITY_HEADERS,
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-request-id": ask.requestId,
      },
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const leave of this.#leave) leave();
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    for (const reader of this.#readers) this.#drop(reader);
  }

  #deliver(frame: StreamFrame, audience: Audience): void {
    let encoded: Uint8Array | null = null;
    for (const reader of this.#readers.near(audience)) {
      if (!sees(reader.actor, frame, audience)) continue;
      encoded ??= encode(frame);
      reader.send(encoded);
    }
  }

  /** Somebody's right to be here changed: look at everyone's again. */
  #review(): void {
    for (const reader of this.#readers) {
      const now = this.wing.identity.refresh(reader.actor);
      if (now && can(now, "event.read")) this.#readers.update(reader, now);
      else this.#drop(reader);
    }
  }

  #drop(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    try {
      reader.close();
    } catch {
      // The client closed it first.
    }
  }

  /** Keeps proxies from closing quiet streams, and finds sessions that ended by themselves. */
  #beat(): void {
    if (this.#heartbeat) return;
    this.#heartbeat = setInterval(() => {
      this.#review();
      for (const reader of this.#readers) reader.send(bytes(": still here\n\n"));
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }
}

const ACTION_OF = {
  vcluster: "vcluster.read",
  "vcluster.deleted": "vcluster.read",
  metrics: "vcluster.read",
  operation: "operation.read",
  event: "event.read",
  image: "image.read",
  host: "host.read",
} as const;

/** The policy, asked once per reader and frame. What is about the person alone reaches that person alone. */
function sees(actor: PersonActor, frame: StreamFrame, audience: Audience): boolean {
  if (frame.type === "hello") return true;
  if (frame.type === "me") return audience !== "everyone" && audience.owner === actor.person.id;
  return can(actor, ACTION_OF[frame.type], audience === "everyone" ? undefined : audience);
}

const encode = (frame: StreamFrame): Uint8Array => bytes(`data: ${JSON.stringify(frame)}\n\n`);
