import { createServer, type Server, type TLSSocket } from "node:tls";
import { type HelloAnswer, type HelloRequest, type JoinRequest, NOTICE } from "../../contracts/uplink.ts";
import { WIRE_VERSION } from "../../contracts/worker.ts";
import { BEAT, type Beat, keepAlive, stillThere } from "../../lib/channel/heartbeat.ts";
import { DockletError, messageOf } from "../../lib/errors.ts";
import { KeyedMutex } from "../../lib/mutex.ts";
import { wireTrouble } from "../../lib/wire-version.ts";
import type { HostDesk } from "./desk.ts";
import { type Doorkeeper, Link } from "./link.ts";
import type { Caller, Member } from "./members.ts";
import { Relay } from "./relay.ts";

export interface DoorOptions {
  hostname: string;
  port: number;
  version: string;
  wire?: number;
  beat?: Beat;
  /** Time for a host to say who it is. */
  patienceMs?: number;
  /** Time for an older connection of the same host to give a sign of life. */
  signOfLifeMs?: number;
  renewEveryMs?: number;
}

/** Connections that have not said who they are yet. Their number is bounded: anybody can make them. */
const MOST_STRANGERS = 128;
const PATIENCE_MS = 15_000;
const SIGN_OF_LIFE_MS = 3_000;
const RENEW_EVERY_MS = 10 * 60_000;

/** Where the hosts of a data centre come in: one TLS port, one connection for each host. */
export class Door implements Doorkeeper {
  readonly name = "hosts";
  readonly #links = new Map<string, { link: Link; relay: Relay }>();
  readonly #strangers = new Set<Link>();
  /** Instance of the last second machine that was turned away, by host. */
  readonly #twins = new Map<string, string>();
  readonly #turns = new KeyedMutex<string>();
  #server: Server | null = null;
  #renewals: ReturnType<typeof setInterval> | null = null;
  #stopped = false;

  constructor(
    readonly desk: HostDesk,
    readonly options: DoorOptions,
  ) {
    desk.onLeaving((member) => this.#links.get(member.id)?.link.dismiss(...REMOVED(member.name)));
  }

  async start(): Promise<void> {
    const { hostname, port, renewEveryMs } = this.options;
    const credentials = await this.desk.authority.serverCredentials(this.desk.wing.deps.clock.now());
    // Certificates are looked at by ourselves: TLS only proves that whoever shows one has its key.
    const server = createServer({
      ...credentials,
      ca: this.desk.authority.pem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    });
    server.on("secureConnection", (socket) => this.#take(socket));
    server.on("tlsClientError", (e) => this.desk.wing.log.debug({ err: e }, "a connection to the hosts' port failed"));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (e) => reject(notListening(hostname, port, e)));
      server.listen(port, hostname, () => resolve());
    });
    this.#server = server;
    this.#renewals = setInterval(() => this.#remindAll(), renewEveryMs ?? RENEW_EVERY_MS);
    this.#renewals.unref?.();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#renewals) clearInterval(this.#renewals);
    for (const { link } of this.#links.values()) link.channel.close("the master stops");
    for (const link of this.#strangers) link.channel.close("the master stops");
    const server = this.#server;
    if (server) await new Promise<void>((r) => server.close(() => r()));
  }

  get port(): number {
    return (this.#server!.address() as { port: number }).port;
  }

  ca() {
    return { certificate: Buffer.from(this.desk.authority.raw).toString("base64") };
  }

  recognise(raw: Uint8Array | null): Promise<Caller> {
    return this.desk.members.recognise(raw);
  }

  async join(request: JoinRequest, address: string) {
    this.#speak(request.name, request.wire);
    const answer = await this.desk.members.join(request, address);
    this.desk.expect({ id: answer.host, name: request.name });
    this.desk.wing.log.info({ host: request.name, address }, "a host has joined");
    return answer;
  }

  async renew(member: Member, csr: string) {
    const issued = await this.desk.members.renew(member, csr);
    return { pem: issued.pem, issuedAt: this.desk.wing.deps.clock.now() };
  }

  /** One at a time for each host: of two connections with one identity exactly one comes in. */
  admit(link: Link, member: Member, request: HelloRequest): Promise<HelloAnswer> {
    return this.#turns.run(member.id, async () => {
      const { wing, members, authority } = this.desk;
      try {
        this.#speak(member.name, request.wire);
        await this.#alone(link, member, request);
      } catch (e) {
        // A connection that is there is not spoilt by one that is not let in.
        if (!wing.hosts.worker(member.name)) wing.missing(member.name, messageOf(e));
        throw e;
      }
      members.seen(member, link.serial);
      const lease = wing.losses.leases.greeted(member.name);
      this.#enter(link, member);
      return {
        lease,
        wire: this.options.wire ?? WIRE_VERSION,
        version: this.options.version,
        cluster: authority.cluster,
        renew: members.due(link.issuedAt),
      };
    });
  }

  beat(member: Member, held: number) {
    return { lease: this.desk.wing.losses.leases.beat(member.name, held) };
  }

  #take(socket: TLSSocket): void {
    if (this.#stopped || this.#strangers.size >= MOST_STRANGERS) {
      this.desk.wing.log.warn({ address: socket.remoteAddress }, "too many connections that do not say who they are");
      return void socket.destroy();
    }
    const link = new Link(socket, this);
    this.#strangers.add(link);
    const late = setTimeout(
      () => link.channel.close("it did not say who it is"),
      this.options.patienceMs ?? PATIENCE_MS,
    );
    late.unref?.();
    void link.channel.closed.then(() => this.#strangers.delete(link));
    link.onAdmitted = () => {
      clearTimeout(late);
      this.#strangers.delete(link);
    };
  }

  #speak(name: string, wire: number): void {
    const trouble = wireTrouble(
      { name: `host ${name}`, wire },
      { name: "the master", wire: this.options.wire ?? WIRE_VERSION },
    );
    if (trouble) throw new DockletError("unsupported", trouble.message, trouble.hint);
  }

  /** A second one with the same identity waits outside while the first gives signs of life: a copied disk, mostly. */
  async #alone(link: Link, member: Member, request: HelloRequest): Promise<void> {
    const other = this.#links.get(member.id)?.link;
    if (!other) return;
    const again = other.instance === request.instance;
    if (!again && (await stillThere(other.channel, this.options.signOfLifeMs ?? SIGN_OF_LIFE_MS))) {
      const where = `${link.address} while it is connected from ${other.address}`;
      const message = `A second machine says that it is the host ${member.name}: from ${where}.`;
      this.#denounce(member, request.instance, message);
      throw new DockletError(
        "conflict",
        message,
        `If one of them is a copy of the other's disk: remove local/identity below FS_PREFIX on the copy, and let it join with a join token of its own.`,
      );
    }
    other.channel.close("the host has connected anew");
    this.#gone(member, other, "is not connected");
  }

  /** Once for each process that tries: it will go on trying. */
  #denounce(member: Member, instance: string, message: string): void {
    if (this.#twins.get(member.id) === instance) return;
    this.#twins.set(member.id, instance);
    const { wing } = this.desk;
    wing.log.error({ host: member.name }, message);
    const about = { actor: "system", object: member.name, owner: null, requestId: null };
    wing.commit((c) => c.event({ ...about, action: "host.twin", result: "denied", message }));
  }

  #enter(link: Link, member: Member): void {
    const { wing } = this.desk;
    const relay = new Relay(this.desk.relayPath(member.id), link.channel);
    this.#links.set(member.id, { link, relay });
    link.admit();
    void link.channel.closed.then((e) => {
      const reason = e.message.replace(/^The connection was lost: |\.$/g, "");
      this.#gone(member, link, `is not connected: ${reason}`);
    });
    keepAlive(link.channel, this.options.beat ?? BEAT);
    relay.open();
    // Its whole state is heard before it is given orders.
    link.worker.prime().then(
      () => {
        if (this.#links.get(member.id)?.link !== link) return;
        wing.attach(member.name, link.worker);
        wing.log.info({ host: member.name, address: link.address }, "a host is connected");
      },
      (e: unknown) => link.channel.close(`its state could not be read: ${messageOf(e)}`),
    );
  }

  #gone(member: Member, link: Link, why: string): void {
    const here = this.#links.get(member.id);
    if (here?.link !== link) return;
    this.#links.delete(member.id);
    here.relay.close();
    if (this.#stopped || this.desk.relayOf(member.name) === null) return;
    this.desk.wing.log.warn({ host: member.name }, `a host ${why}`);
    this.desk.wing.detach(member.name, why);
    this.desk.wing.missing(member.name, why);
  }

  #remindAll(): void {
    for (const { link } of this.#links.values()) {
      if (this.desk.members.due(link.issuedAt)) link.channel.notify(NOTICE.renew, null);
    }
  }
}

const REMOVED = (name: string): [string, string] => [
  `The host ${name} was removed from this cluster.`,
  "Let it join again with a new join token, if it should.",
];

function notListening(hostname: string, port: number, e: Error): DockletError {
  return new DockletError(
    "invalid",
    `The master cannot listen for other hosts on ${hostname}:${port}: ${messageOf(e)}.`,
    "Set MASTER_PORT to a free port, or end what uses this one.",
    undefined,
    e,
  );
}
