import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomName } from "../../src/lib/ids.ts";
import { command } from "./command.ts";
import { LabHost } from "./lab-host.ts";

/** The world outside the lab: a router with this address behind it, and a web server there that tells who asks. */
export const WORLD = "203.0.113.1";
const WORLD_PORT = 80;
const WORLD_SERVER = `
import http.server
class Who(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(self.client_address[0].encode())
    def log_message(self, *a): pass
print("up", flush=True)
http.server.ThreadingHTTPServer(("${WORLD}", ${WORLD_PORT}), Who).serve_forever()
`;

/** What happens to packets on the way from one host to another; left out: any. */
export interface Trouble {
  from?: LabHost;
  to?: LabHost;
  /** Percent of the packets that are lost; 100 cuts the link. */
  loss: number;
}

/**
 * Several hosts on one machine, joined by a switch in a namespace of its own, whose links can be cut, made lossy or slow, in
 * each direction. Behind a router lies the world. All of it is gone after `close`, whatever happened in it.
 */
export class Lab {
  readonly #id = randomName(4);
  readonly #net: string;
  readonly folder: string;
  readonly hosts: LabHost[] = [];
  #world: Bun.Subprocess | null = null;
  readonly #troubles: Trouble[] = [];
  #visible = false;

  private constructor() {
    this.#net = `10.77.${Math.floor(Math.random() * 256)}`;
    this.folder = mkdtempSync(join(tmpdir(), "docklet-lab-"));
    Bun.spawnSync(["chmod", "711", this.folder]);
  }

  static async open(names: string[]): Promise<Lab> {
    const lab = new Lab();
    try {
      await lab.#layCables();
      for (const name of names) await lab.add(name);
    } catch (e) {
      await lab.close();
      throw e;
    }
    return lab;
  }

  host(name: string): LabHost {
    const host = this.hosts.find((h) => h.name === name);
    if (!host) throw new Error(`there is no lab host ${name}`);
    return host;
  }

  /** One more host. Its cable is called after it. */
  async add(name: string): Promise<LabHost> {
    const address = `${this.#net}.${11 + this.hosts.length}`;
    const namespace = `${this.#space}-${name}`;
    await this.#cable(namespace, name, `${address}/24`);
    await ip(namespace, [`route add default via ${this.#net}.1`]);
    const host = new LabHost({ namespace, name, address, prefix: join(this.folder, name) });
    this.hosts.push(host);
    await host.boot();
    return host;
  }

  /** Lets the machine itself into the lab's network, for a browser: the answer is its address there. */
  async letIn(): Promise<string> {
    const address = `${this.#net}.2`;
    if (this.#visible) return address;
    this.#visible = true;
    const device = `dklab${this.#id}`;
    await command(["ip", "-batch", "-"], {
      input: [
        `link add ${device} type veth peer name outside netns ${this.#space}`,
        `addr add ${address}/24 dev ${device}`,
        `link set ${device} up`,
      ].join("\n"),
    });
    await ip(this.#space, ["link set outside master lan", "link set outside up"]);
    return address;
  }

  /** argv that what follows it runs with in the world. */
  inWorld(): string[] {
    return ["ip", "netns", "exec", `${this.#space}-world`];
  }

  /** Troubles add up until `mend`. */
  async trouble(t: Trouble): Promise<void> {
    this.#troubles.push(t);
    await this.#applyTroubles();
  }

  /** No packet passes between two hosts, or only in the other direction. */
  async cut(from: LabHost, to: LabHost, directions: "both" | "one" = "both"): Promise<void> {
    this.#troubles.push({ from, to, loss: 100 });
    if (directions === "both") this.#troubles.push({ from: to, to: from, loss: 100 });
    await this.#applyTroubles();
  }

  /** Takes a host off the network. */
  async isolate(host: LabHost): Promise<void> {
    this.#troubles.push({ from: host, loss: 100 }, { to: host, loss: 100 });
    await this.#applyTroubles();
  }

  /** At most so much comes to a host and goes from it: "10mbit". */
  async slow(host: LabHost, rate: string): Promise<void> {
    const shape = ["root", "tbf", "rate", rate, "burst", "64kb", "latency", "400ms"];
    await inside(this.#space, "tc", "qdisc", "replace", "dev", host.name, ...shape);
    await host.run("tc", "qdisc", "replace", "dev", "eth0", ...shape);
  }

  /** All links are good again. */
  async mend(): Promise<void> {
    this.#troubles.length = 0;
    await this.#applyTroubles();
    for (const h of this.hosts) {
      await inside(this.#space, "sh", "-c", 'tc qdisc del dev "$1" root 2>/dev/null || :', "sh", h.name);
      await h.run("sh", "-c", "tc qdisc del dev eth0 root 2>/dev/null || :");
    }
  }

  async close(): Promise<void> {
    const failed: unknown[] = [];
    const attempt = async (body: () => unknown) => {
      try {
        await body();
      } catch (e) {
        failed.push(e);
      }
    };
    for (const h of this.hosts) await attempt(() => h.remove());
    this.#world?.kill("SIGKILL");
    await this.#world?.exited;
    // A link that spans namespaces goes with either of them, a moment later than its namespace: so it goes first.
    if (this.#visible) await attempt(() => command(["ip", "link", "del", `dklab${this.#id}`]));
    for (const ns of this.#namespaces()) await attempt(() => command(["ip", "netns", "del", ns]));
    rmSync(this.folder, { recursive: true, force: true });
    if (failed.length > 0) throw new AggregateError(failed, `the lab was not wholly removed: ${failed.join("; ")}`);
  }

  /** What is in the names of all that it makes in the kernel. */
  get marks(): string[] {
    return [this.#space, `dklab${this.#id}`, ...this.hosts.flatMap((h) => [`dk${h.tag}`, `docklet-${h.tag}`])];
  }

  get #space() {
    return `dklab-${this.#id}`;
  }

  #namespaces(): string[] {
    const r = Bun.spawnSync(["ip", "-json", "netns", "list"]);
    const all = JSON.parse(String(r.stdout).trim() || "[]") as { name: string }[];
    return all.map((n) => n.name).filter((n) => n.startsWith(this.#space));
  }

  /** The switch, the router and the world behind it. */
  async #layCables(): Promise<void> {
    await command(["ip", "netns", "add", this.#space]);
    await ip(this.#space, [
      "link add lan type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
      "link set lan up",
      "link set lo up",
    ]);
    const world = `${this.#space}-world`;
    await this.#cable(world, "world", `${this.#net}.1/24`);
    await ip(world, [`addr add ${WORLD}/32 dev lo`]);
    const server = Bun.spawn(["setsid", "ip", "netns", "exec", world, "/usr/bin/python3", "-c", WORLD_SERVER], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#world = server;
    await server.stdout.getReader().read();
  }

  /** A namespace with a cable to the switch. */
  async #cable(namespace: string, port: string, address: string): Promise<void> {
    await command(["ip", "netns", "add", namespace]);
    await ip(this.#space, [
      `link add ${port} type veth peer name eth0 netns ${namespace}`,
      `link set ${port} master lan`,
    ]);
    await ip(this.#space, [`link set ${port} up`]);
    await ip(namespace, ["link set lo up", `addr add ${address} dev eth0`, "link set eth0 up"]);
  }

  async #applyTroubles(): Promise<void> {
    const rules = this.#troubles.map(({ from, to, loss }) =>
      [
        ...(from ? [`iifname "${from.name}"`] : []),
        ...(to ? [`oifname "${to.name}"`] : []),
        ...(loss < 100 ? [`numgen random mod 1000 < ${Math.round(loss * 10)}`] : []),
        "drop",
      ].join(" "),
    );
    const chain = "  chain links {\n    type filter hook forward priority 0; policy accept;\n";
    await command(["ip", "netns", "exec", this.#space, "nft", "-f", "-"], {
      input: `table bridge lab {\n${chain}  }\n}\nflush table bridge lab\ntable bridge lab {\n${chain}${rules.map((r) => `    ${r}\n`).join("")}  }\n}\n`,
    });
  }
}

const ip = (namespace: string, lines: string[]) =>
  command(["ip", "-n", namespace, "-batch", "-"], { input: `${lines.join("\n")}\n` });
const inside = (namespace: string, ...argv: string[]) => command(["ip", "netns", "exec", namespace, ...argv]);
