import { host } from "./stage.ts";

/**
 * A piece of internet in a network namespace: the host routes to it over a veth. Addresses are of the documentation
 * networks. `server` is on a network that the host is attached to, as its own name servers are; `world` is beyond a
 * router.
 */
export class Outside {
  readonly name: string;
  readonly #link: string;
  readonly server: string;
  readonly world: string;
  /** A stand-in for a cloud's metadata service: link-local, and routed as if it were there. */
  readonly metadata: string;
  readonly #host: string;
  #listener: Bun.Subprocess<"ignore", "pipe", "inherit"> | null = null;
  #heard = "";

  private constructor(n: number) {
    this.name = `dkout${n}`;
    this.#link = `dkout${n}h`;
    this.#host = `198.51.100.${4 * n + 1}`;
    this.server = `198.51.100.${4 * n + 2}`;
    this.world = `203.0.113.${n + 1}`;
    this.metadata = `169.254.77.${n + 1}`;
  }

  /** Takes a number that no other test uses now. */
  static async add(): Promise<Outside> {
    for (let n = process.pid % 60, i = 0; i < 60; i++, n = (n + 1) % 60) {
      const o = new Outside(n);
      if (Bun.spawnSync(["ip", "netns", "add", o.name]).exitCode !== 0) continue;
      await o.#wire();
      return o;
    }
    throw new Error("no free name for a network namespace");
  }

  async #wire(): Promise<void> {
    const inside = (...argv: string[]) => host("ip", "-n", this.name, ...argv);
    host("ip", "link", "add", this.#link, "type", "veth", "peer", "name", "up0", "netns", this.name);
    host("ip", "addr", "add", `${this.#host}/30`, "dev", this.#link);
    host("ip", "link", "set", this.#link, "up");
    inside("link", "set", "lo", "up");
    inside("addr", "add", `${this.server}/30`, "dev", "up0");
    for (const more of [this.world, this.metadata]) inside("addr", "add", `${more}/32`, "dev", "lo");
    inside("link", "set", "up0", "up");
    inside("route", "add", "default", "via", this.#host);
    for (const more of [this.world, this.metadata]) host("ip", "route", "add", `${more}/32`, "via", this.server);
    await this.#listen();
  }

  /** Listens on TCP 53, 80 and UDP 53 of all its addresses, and writes down who came. */
  async #listen(): Promise<void> {
    const program = `
      const say = (what, peer) => console.log(what + " from " + peer);
      for (const port of [53, 80]) Bun.listen({ hostname: "0.0.0.0", port, socket: {
        open(s) { say("tcp " + port, s.remoteAddress); s.end("hello " + port + "\\n"); }, data() {} } });
      await Bun.udpSocket({ hostname: "0.0.0.0", port: 53, socket: {
        data(s, b, port, peer) { say("udp 53", peer); s.send(b, port, peer); } } });
      console.log("ready");`;
    const child = Bun.spawn(["ip", "netns", "exec", this.name, process.execPath, "-e", program], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      env: { PATH: process.env.PATH ?? "", BUN_BE_BUN: "1" },
    });
    this.#listener = child;
    await new Promise<void>((ready, fail) => {
      void (async () => {
        const text = new TextDecoder();
        for await (const chunk of child.stdout) {
          this.#heard += text.decode(chunk);
          if (this.#heard.includes("ready\n")) ready();
        }
        fail(new Error("the listener outside ended"));
      })();
    });
  }

  /** Lines such as "tcp 80 from 198.51.100.1". */
  heard(): string[] {
    return this.#heard.split("\n").filter((l) => l.includes(" from "));
  }

  /** Another network that the host gets attached to, as a VPN would be; returns an address of somebody there. */
  attachLater(): string {
    const net = this.#host.replace("198.51.100", "198.18.77");
    const there = this.server.replace("198.51.100", "198.18.77");
    host("ip", "addr", "add", `${net}/30`, "dev", this.#link);
    host("ip", "-n", this.name, "addr", "add", `${there}/30`, "dev", "up0");
    return there;
  }

  async remove(): Promise<void> {
    this.#listener?.kill();
    await this.#listener?.exited;
    host("ip", "netns", "del", this.name);
    // The namespace takes the veth with it, a moment later.
    while (Bun.spawnSync(["ip", "link", "show", this.#link]).exitCode === 0) await Bun.sleep(10);
  }
}
