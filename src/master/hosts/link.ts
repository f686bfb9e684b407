import type { TLSSocket } from "node:tls";
import type { z } from "zod";
import {
  type BeatAnswer,
  BeatRequest,
  type CaAnswer,
  type HelloAnswer,
  HelloRequest,
  JoinRequest,
  NOTICE,
  RenewRequest,
  TO_MASTER,
} from "../../contracts/uplink.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { MAX_PAYLOAD } from "../../lib/channel/frame.ts";
import { channelOver } from "../../lib/channel/socket-channel.ts";
import { DockletError } from "../../lib/errors.ts";
import type { Caller, Member } from "./members.ts";
import { RemoteWorker } from "./remote-worker.ts";

/** All that a stranger may send at once: a join request is far below. */
const STRANGER_PAYLOAD = 32 * 1024;

/** What the door does for a connection. */
export interface Doorkeeper {
  ca(): z.infer<typeof CaAnswer>;
  join(request: JoinRequest, address: string): Promise<unknown>;
  /** May this host come in? Throws why not. */
  admit(link: Link, member: Member, request: HelloRequest): Promise<HelloAnswer>;
  renew(member: Member, csr: string): Promise<{ pem: string; issuedAt: number }>;
  /** A host that is in says that it lives, and what lease it was given last, ms. */
  beat(member: Member, lease: number): z.infer<typeof BeatAnswer>;
  recognise(raw: Uint8Array | null): Promise<Caller>;
}

/** One connection that came in, from somebody who may be anybody until the certificate and the first call say more. */
export class Link {
  readonly channel: Channel;
  readonly worker: RemoteWorker;
  readonly address: string;
  readonly #who: Promise<Caller>;
  /** When the certificate that it came with was issued; null: not known yet. */
  issuedAt = 0;
  serial = "";
  instance = "";
  admitted = false;
  onAdmitted: () => void = () => {};
  readonly #keeper: Doorkeeper;

  constructor(socket: TLSSocket, keeper: Doorkeeper) {
    this.#keeper = keeper;
    this.address = socket.remoteAddress ?? "an unknown address";
    this.channel = channelOver(socket, {
      methods: {
        [TO_MASTER.ca]: () => keeper.ca(),
        [TO_MASTER.join]: (params) => this.#join(params),
        [TO_MASTER.hello]: (params) => this.#hello(params),
        [TO_MASTER.renew]: (params) => this.#renew(params),
        [TO_MASTER.beat]: (params) => this.#beat(params),
      },
      notices: {
        [NOTICE.report]: (body) => {
          if (this.admitted) this.worker.notice(NOTICE.report, body);
        },
      },
    });
    this.channel.payloadLimit = STRANGER_PAYLOAD;
    this.worker = new RemoteWorker(this.channel);
    const { raw } = socket.getPeerCertificate(false) as { raw?: Uint8Array };
    this.#who = keeper.recognise(raw ?? null);
    this.#who.catch(() => {});
  }

  /** It is let in: what it says counts from now on. */
  admit(): void {
    this.admitted = true;
    this.channel.payloadLimit = MAX_PAYLOAD;
  }

  /** Ends it, with a word to the other side about why. */
  dismiss(message: string, hint: string): void {
    this.channel.notify(NOTICE.farewell, { message, hint });
    this.channel.close(message);
  }

  async #join(params: unknown): Promise<unknown> {
    const who = await this.#who;
    if (who.kind !== "stranger") {
      throw new DockletError(
        "conflict",
        "This host has joined already.",
        "Connect without a certificate to join anew.",
      );
    }
    return this.#keeper.join(sensible(JoinRequest, params), this.address);
  }

  async #hello(params: unknown): Promise<HelloAnswer> {
    const who = await this.#known();
    const request = sensible(HelloRequest, params);
    if (who.expired) {
      throw new DockletError(
        "unauthenticated",
        `The certificate of the host ${who.member.name} has expired.`,
        "It is renewed now, and the connection made again.",
        { renew: true },
      );
    }
    this.issuedAt = who.issuedAt;
    this.serial = who.serial;
    this.instance = request.instance;
    const answer = await this.#keeper.admit(this, who.member, request);
    this.onAdmitted();
    return answer;
  }

  async #renew(params: unknown): Promise<{ certificate: string }> {
    const { member } = await this.#known();
    const { pem, issuedAt } = await this.#keeper.renew(member, sensible(RenewRequest, params).csr);
    this.issuedAt = issuedAt;
    return { certificate: pem };
  }

  async #beat(params: unknown): Promise<unknown> {
    const { member } = await this.#known();
    if (!this.admitted) throw new DockletError("unauthenticated", "This host has not been let in.", "Greet first.");
    return this.#keeper.beat(member, sensible(BeatRequest, params).lease);
  }

  async #known(): Promise<Extract<Caller, { kind: "member" }>> {
    const who = await this.#who;
    if (who.kind === "member") return who;
    if (who.kind === "refused") throw who.error;
    throw new DockletError("unauthenticated", "Only hosts that have joined may do this.", "Join with a join token.");
  }
}

function sensible<T extends z.ZodType>(schema: T, params: unknown): z.infer<T> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DockletError(
    "bad_request",
    `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "makes no sense"}`,
    "Are docklet on the master and on this host of the same version?",
  );
}
