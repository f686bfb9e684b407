import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Client, NodeSize } from "../../src/contracts/public/index.ts";
import { parseAddress } from "../../src/lib/ipv4.ts";
import { TestDocklet } from "../kit/docklet.ts";
import { settle, snapshot } from "../kit/leaks.ts";
import { type Seen, seenNode } from "../kit/nodes.ts";

/** Building the tiny image and starting everything: seconds, on a busy machine many of them. */
export const SETUP_MS = 180_000;
/** A whole test: generous, since no limit on time is what these tests are about. */
export const TEST_MS = 120_000;

export interface Person {
  name: string;
  api: Client;
  token: string;
  password: string;
}

/** A node that a tenant is root of. */
export interface Node extends Seen {
  vcluster: string;
  name: string;
  owner: string;
  address: string;
  gateway: string;
  mac: string;
  bridge: string;
  veth: string;
  slug: string;
}

export interface Attempt {
  code: number;
  out: string;
}

const SMALL: Partial<NodeSize> = { cpu: 0.5, memory: 128, disk: 256 };

/**
 * Two persons on one host: alice has the vcluster `red` with two nodes, bob has `blue` with one. alice is the attacker.
 * Every file of this suite has one stage of its own and leaves nothing behind.
 */
export class Stage {
  readonly #before: ReturnType<typeof snapshot>;

  private constructor(
    readonly docklet: TestDocklet,
    readonly alice: Person,
    readonly bob: Person,
    before: ReturnType<typeof snapshot>,
  ) {
    this.#before = before;
  }

  static async set(settings: Record<string, string | number> = {}, size = SMALL): Promise<Stage> {
    const before = snapshot();
    const docklet = await TestDocklet.start({ images: ["mini"], settings });
    try {
      const [alice, bob] = await Promise.all(
        ["alice", "bob"].map(async (name) => ({ name, ...(await docklet.person(name)) })),
      );
      const stage = new Stage(docklet, alice!, bob!, before);
      await Promise.all([stage.create(alice!, "red", 2, size), stage.create(bob!, "blue", 1, size)]);
      return stage;
    } catch (e) {
      await docklet.destroy();
      throw e;
    }
  }

  async create(who: Person, name: string, nodes: number, size: Partial<NodeSize> = SMALL): Promise<void> {
    const { operation } = await who.api.createVcluster({ body: { name, image: "mini", nodes, size } });
    const op = await this.docklet.finish(operation);
    if (op.state !== "done") throw new Error(`${name}: ${JSON.stringify(op.error)}`);
  }

  async node(who: Person, vcluster: string, name = "host-0"): Promise<Node> {
    const v = await who.api.vcluster({ params: { name: vcluster }, query: {} });
    const n = v.nodes.find((x) => x.name === name);
    if (!n?.address || !n.slug) throw new Error(`${vcluster}/${name} is not up: ${n?.state} ${n?.reason}`);
    const inside = seenNode(this.docklet, n.id);
    const address = n.address;
    return {
      ...inside,
      vcluster,
      name,
      owner: who.name,
      address,
      slug: n.slug,
      gateway: v.subnet!.replace(/\d+\/\d+$/, (tail) => String(Number.parseInt(tail, 10) + 1)),
      mac: macOf(readFileSync(`${inside.layout.run(inside.id)}/net.guest`, "utf8")),
      bridge: inside.layout.bridge(v.id),
      veth: inside.layout.veth(inside.id),
    };
  }

  /** A shell script as root of the node, by the front door. Its own exit code and output come back. */
  async sh(node: Node, script: string, input?: string): Promise<Attempt> {
    const full = input === undefined ? script : `base64 -d > /tmp/input <<'END'\n${input}\nEND\n${script}`;
    const r = await this.docklet.cli(
      ...["exec", "-n", "--owner", node.owner, `${node.vcluster}/${node.name}`, "--", "sh", "-c", `exec 2>&1\n${full}`],
    );
    return { code: r.code, out: r.code === 255 ? `${r.stdout}${r.stderr}` : r.stdout };
  }

  /** Many scripts at once, each in a shell of its own; what each of them came to, by name. */
  async tries<K extends string>(node: Node, scripts: Record<K, string>): Promise<Record<K, Attempt>> {
    const names = Object.keys(scripts) as K[];
    const lines = names.map(
      (name, i) => `{ sh -c ${quote(scripts[name])} > $d/${i}.out 2>&1 </dev/null; echo $? > $d/${i}.code; } &`,
    );
    const r = await this.sh(
      node,
      `d=/tmp/tries.$$; mkdir $d\n${lines.join("\n")}\nwait\n${names
        .map((_, i) => `cat $d/${i}.code; base64 $d/${i}.out | tr -d '\\n'; echo`)
        .join("\n")}\nrm -r $d`,
    );
    const answer = r.out.split("\n");
    if (answer.length < names.length * 2) throw new Error(`the scripts did not run: ${r.code} ${r.out}`);
    return Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          code: Number(answer[2 * i]),
          out: Buffer.from(answer[2 * i + 1]!, "base64")
            .toString()
            .trim(),
        },
      ]),
    ) as Record<K, Attempt>;
  }

  /** Says at once that the portal lives, for a person, with what they have. */
  async portalAnswers(): Promise<void> {
    const health = await fetch(`${this.docklet.portal}/healthz`);
    const { items } = await this.bob.api.vclusters({ query: {} });
    if (!health.ok || items.length !== 1) throw new Error(`the portal is not itself: ${health.status} ${items.length}`);
  }

  /** Ends everything; throws when anything of this stage is still in the kernel. */
  async strike(): Promise<void> {
    const names = [this.docklet.prefix, ...ownMarks(this.docklet.tag)];
    await this.docklet.destroy();
    const left = (await settle(this.#before)).filter((l) => l.startsWith("+") && names.some((n) => l.includes(n)));
    if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}`);
  }
}

/** Other tests may run on this machine: only what carries this installation's name is ours to answer for. */
const ownMarks = (tag: string) => [`dk${tag}`, `DOCKLET-${tag}-`, `docklet-${tag}`, `docklet_${tag}`];

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function macOf(guest: string): string {
  const mac = /address ([0-9a-f:]{17})/.exec(guest)?.[1];
  if (!mac) throw new Error(`no MAC in ${guest}`);
  return mac;
}

/** Every IPv4 address that this host has now, loopback included. */
export function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((a) => a.family === "IPv4" && parseAddress(a.address) !== null)
    .map((a) => a.address);
}

/** Runs a command on the host; throws unless it succeeds. */
export function host(...argv: string[]): string {
  const r = Bun.spawnSync(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (r.exitCode !== 0) throw new Error(`${argv.join(" ")}: ${r.exitCode} ${r.stderr}${r.stdout}`);
  return String(r.stdout);
}

/** In a node's network namespace, with the host's tools: exactly what its root could send, and no more. */
export const onItsNetwork = (node: Node, ...argv: string[]) =>
  host("nsenter", `--net=/proc/${node.pid}/ns/net`, ...argv);
