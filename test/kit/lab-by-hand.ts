import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { basePool } from "./base-pool.ts";
import { Lab } from "./lab.ts";
import { LabDocklet } from "./lab-docklet.ts";
import { layMiniPool, layPool } from "./mini-pool.ts";

/** The program behind scripts/lab: a lab with docklet on every host, until it is interrupted. */
const NAMES = ["one", "two", "three", "four", "five", "six"];
const args = process.argv.slice(2);
const count = Number(args.find((a) => /^[1-6]$/.test(a)) ?? 3);
const wrong = args.find((a) => !/^[1-6]$/.test(a) && a !== "--base");
if (wrong !== undefined) {
  console.error(`scripts/lab: what is "${wrong}"?\nusage: scripts/lab [1-6] [--base]`);
  process.exit(2);
}

const interrupted = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
});
const base = args.includes("--base") ? await basePool() : null;
const lab = await Lab.open(NAMES.slice(0, count));
const docklets = lab.hosts.map((h) => new LabDocklet(h, { CLUSTER_NET: "10.201.0.0/16", DISKPOOL_SIZE: 20_480 }));
try {
  await Promise.race([up(), interrupted]);
  await interrupted;
} finally {
  console.log("\nThe lab is taken away …");
  for (const d of docklets.toReversed()) await d.rest().catch((e) => console.error(String(e)));
  await lab.close();
}
process.exit(0);

async function up(): Promise<void> {
  await lab.letIn();
  for (const h of lab.hosts) await (base === null ? layMiniPool(h.prefix) : layPool(base, h.prefix));
  const [first, ...others] = docklets as [LabDocklet, ...LabDocklet[]];
  first.serve();
  await first.ready();
  for (const d of others) {
    const made = await first.cli("join-token", "create", "--role", "worker", "--json");
    if (made.code !== 0) throw new Error(made.stderr);
    const file = join(d.host.prefix, "join-token");
    writeFileSync(file, (JSON.parse(made.stdout) as { text: string }).text, { mode: 0o600 });
    d.serve("--role=worker", "--master-ip", first.host.address, "--join-file", file);
    await first.sees(d.host.name);
  }
  const password = readFileSync(join(first.host.prefix, "local/generated_password.txt"), "utf8").trim();
  console.log(`${count} hosts. Portal: ${first.portal} – user root, password ${password}\n`);
  for (const d of docklets) {
    const enter = d.host.enter("env", `DOCKLET_CONFIG=${d.configFile}`, "sh").join(" ");
    console.log(`  ${d.host.name.padEnd(6)} ${d.host.address}   log: ${d.log}\n         sudo ${enter}`);
  }
  console.log("\n^C takes it all away.");
}
