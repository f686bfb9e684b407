import { run } from "./exec.ts";

/** iptables, ipset and nft, always through their restore forms: one process and all or nothing. */

export async function iptablesRestore(text: string): Promise<void> {
  await run(["iptables-restore", "--noflush", "--wait", "5"], { input: text });
}

export async function iptables(...args: string[]): Promise<boolean> {
  return (await run(["iptables", "--wait", "5", ...args], { ok: [0, 1, 2] })).code === 0;
}

export async function iptablesSave(): Promise<string> {
  return (await run(["iptables-save"])).stdout;
}

export async function ipsetRestore(text: string): Promise<void> {
  await run(["ipset", "-exist", "restore"], { input: text });
}

export async function ipsetDestroy(name: string): Promise<void> {
  await run(["ipset", "destroy", name], { ok: [0, 1] });
}

export async function ipsetNames(): Promise<string[]> {
  return (await run(["ipset", "list", "-n"])).stdout.split("\n").filter(Boolean);
}

/** Every table as `family name`. */
export async function nftTables(): Promise<string[]> {
  const lines = (await run(["nft", "list", "tables"])).stdout.split("\n");
  return lines.filter(Boolean).map((l) => l.replace(/^table /, ""));
}

/** Elements of the sets of a table, each element as its parts. */
export async function nftSets(family: "bridge" | "inet", table: string): Promise<Record<string, string[][]>> {
  const { stdout } = await run(["nft", "-j", "list", "table", family, table]);
  const answer = JSON.parse(stdout) as {
    nftables: { set?: { name: string; elem?: (number | string | { concat: (number | string)[] })[] } }[];
  };
  const own = answer.nftables.flatMap((x) => x.set ?? []);
  return Object.fromEntries(
    own.map((s) => [s.name, (s.elem ?? []).map((e) => (typeof e === "object" ? e.concat : [e]).map(String))]),
  );
}

export async function nft(text: string, ok = [0]): Promise<string> {
  return (await run(["nft", "-f", "-"], { input: text, ok })).stdout;
}
