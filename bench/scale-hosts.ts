import { Fleet, type FleetOptions } from "../test/sim/fleet.ts";

/**
 * Simulated hosts as a process of their own, for bench/scale. Takes its options and a join token as an argument, says
 * `joined` when all are connected, answers each line on its standard input with its counts, and ends with it.
 */
const { token, ...options } = JSON.parse(process.argv[2]!) as FleetOptions & { token: string };
const fleet = new Fleet(options);
await fleet.connect(token);
console.log("joined");
const decoder = new TextDecoder();
for await (const chunk of Bun.stdin.stream()) {
  for (const _ of decoder.decode(chunk).matchAll(/\n/g)) {
    console.log(JSON.stringify({ ...fleet.counts(), connected: fleet.connected }));
  }
}
process.exit();
