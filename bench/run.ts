import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { smoke } from "./counts.ts";
import { endAll, endInAnyCase } from "./ending.ts";
import { machineLines, peerLine } from "./machine.ts";
import { renew } from "./results.ts";
import { markdown, type Table } from "./table.ts";

/** Tables come as they are done: what fails later does not take them away. */
type Bench = () => AsyncIterable<Table>;

/** In the order in which they stand in RESULTS.md. Loaded when asked for: one must not fail for another's needs. */
const BENCHES: Record<string, { load: () => Promise<{ bench: Bench }> }> = {
  click: { load: () => import("./click.ts") },
  start: { load: () => import("./start.ts") },
  density: { load: () => import("./density.ts") },
  gateway: { load: () => import("./gateway.ts") },
  writes: { load: () => import("./writes.ts") },
  spawn: { load: () => import("./spawn.ts") },
  placement: { load: () => import("./placement.ts") },
  vxlan: { load: () => import("./vxlan.ts") },
  move: { load: () => import("./move.ts") },
  scale: { load: () => import("./scale.ts") },
};
const RESULTS = join(import.meta.dir, "RESULTS.md");

async function main(argv: string[]): Promise<number> {
  const names = argv.filter((a) => a !== "--write");
  const unknown = names.filter((n) => !(n in BENCHES));
  if (unknown.length > 0) {
    console.error(`no bench named ${unknown.join(", ")}; there are: ${Object.keys(BENCHES).join(", ")}`);
    return 2;
  }
  const write = argv.includes("--write");
  if (write && smoke) {
    console.error("--write goes with full counts only");
    return 2;
  }
  endInAnyCase();
  const machine = [...(await machineLines()), await peerLine()].map((l) => `- ${l}\n`).join("");
  console.log(machine);
  const order = Object.keys(BENCHES);
  for (const name of names.length > 0 ? names : order) {
    console.log(`## ${name}\n`);
    let text = `${machine}\n`;
    const { bench } = await BENCHES[name]!.load();
    for await (const table of bench()) {
      const shown = markdown(table);
      console.log(shown);
      text += `${shown}\n`;
    }
    if (write) writeFileSync(RESULTS, renew(readFileSync(RESULTS, "utf8"), new Map([[name, text]]), order));
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (e) {
  console.error(e);
  process.exitCode = 1;
} finally {
  await endAll();
}
