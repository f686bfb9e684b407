import { messageOf } from "../../lib/errors.ts";
import { run } from "../exec.ts";
import { bad, type Finding, ok } from "./finding.ts";

/** What really worked in a network namespace of its own: null, or what the command said. */
export type Probes = Record<ProbeName, string | null | undefined>;
export type ProbeName = keyof typeof PROBES;

interface Probe {
  tool: string;
  args: string[];
  input?: string;
  remedy: string;
}

const MODULE = "The kernel lacks it: use the distribution's own kernel, with its extra modules installed.";

const PROBES = {
  veth: { tool: "ip", args: ["link", "add", "dkp0", "type", "veth", "peer", "name", "dkp1"], remedy: MODULE },
  bridge: { tool: "ip", args: ["link", "add", "dkp0", "type", "bridge"], remedy: MODULE },
  vxlan: { tool: "ip", args: ["link", "add", "dkp0", "type", "vxlan", "id", "5", "dstport", "4789"], remedy: MODULE },
  iptables: {
    tool: "iptables-restore",
    args: ["--noflush"],
    input: [
      "*nat",
      "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE",
      "-A PREROUTING -p tcp --dport 1 -j DNAT --to-destination 10.0.0.1:1",
      "COMMIT",
      "*filter",
      "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment probe -j ACCEPT",
      "COMMIT",
      "",
    ].join("\n"),
    remedy: MODULE,
  },
  ipset: { tool: "ipset", args: ["create", "dkp0", "hash:net"], remedy: MODULE },
  nftables: {
    tool: "nft",
    args: ["-f", "-"],
    input: "table bridge dkp0 { chain c { type filter hook forward priority 0; policy accept; }; }\n",
    remedy: MODULE,
  },
} satisfies Record<string, Probe>;

/** Tries each in a fresh network namespace, which takes everything with it when the command ends. */
export async function probe(tools: Record<string, string | null>): Promise<Probes> {
  const entries = await Promise.all(
    Object.entries(PROBES).map(async ([name, p]: [string, Probe]) => {
      const tool = tools[p.tool];
      // A missing tool is told by the check of the tools.
      if (!tool || !tools.unshare) return [name, undefined] as const;
      try {
        await run([tools.unshare, "--net", "--", tool, ...p.args], p.input === undefined ? {} : { input: p.input });
        return [name, null] as const;
      } catch (e) {
        return [name, messageOf(e)] as const;
      }
    }),
  );
  return Object.fromEntries(entries) as Probes;
}

export function checkProbes(probes: Probes): Finding[] {
  return (Object.keys(PROBES) as ProbeName[]).flatMap((name) => {
    const said = probes[name];
    if (said === undefined) return [];
    if (said === null) return [ok(name, "works")];
    return [bad("fail", name, said, "works in a network namespace", PROBES[name].remedy)];
  });
}
