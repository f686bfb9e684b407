import { readFileSync } from "node:fs";
import { join } from "node:path";
import { basePool } from "./base-pool.ts";
import { LabCluster } from "./lab-cluster.ts";
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
// One click makes a cluster of the image that is there.
const settings = {
  CLUSTER_NET: "10.201.0.0/16",
  DISKPOOL_SIZE: 20_480,
  DEFAULT_IMAGE: base === null ? "mini" : "base",
};
const cluster = await LabCluster.prepare(NAMES.slice(0, count), settings);
try {
  await cluster.lab.letIn();
  const up = cluster.start((prefix) => (base === null ? layMiniPool(prefix) : layPool(base, prefix)));
  await Promise.race([up.then(tell), interrupted]);
  await interrupted;
} finally {
  console.log("\nThe lab is taken away …");
  await cluster.down().catch((e) => console.error(String(e)));
}
process.exit(0);

function tell(): void {
  const { first, docklets } = cluster;
  const password = readFileSync(join(first.host.prefix, "local/generated_password.txt"), "utf8").trim();
  console.log(`${count} hosts. Portal: ${first.portal} – user root, password ${password}\n`);
  for (const d of docklets) {
    const enter = d.host.enter("env", `DOCKLET_CONFIG=${d.configFile}`, "sh").join(" ");
    console.log(`  ${d.host.name.padEnd(6)} ${d.host.address}   log: ${d.log}\n         sudo ${enter}`);
  }
  console.log("\n^C takes it all away.");
}
