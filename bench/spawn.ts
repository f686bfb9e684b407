import { run } from "../src/os/exec.ts";
import { count } from "./counts.ts";
import { each, summarise } from "./stats.ts";
import { type Table, TIMES, times } from "./table.ts";

const N = count("SPAWNS", 200, 20);
const COMMANDS: [string, [string, ...string[]], string?][] = [
  ["true", ["true"]],
  ["ip -batch, one line", ["ip", "-batch", "-"], "link show lo\n"],
];

/**
 * What a short host command costs by the two ways of src/os/exec.ts, and by Bun alone. A signal that could cancel
 * the command makes `run` take execa; without one it takes Bun.spawn.
 */
export async function* bench(): AsyncGenerator<Table> {
  const { signal } = new AbortController();
  const lines = [];
  for (const [name, argv, input] of COMMANDS) {
    const options = input === undefined ? {} : { input };
    const ways: [string, () => Promise<unknown>][] = [
      ["Bun.spawn by itself", () => plain(argv, input)],
      ["run (Bun.spawn, src/os/brief.ts)", () => run(argv, options)],
      ["run with a signal (execa)", () => run(argv, { ...options, signal })],
    ];
    const took = ways.map((): number[] => []);
    for (let i = 0; i < N + 5; i++) {
      // In turns; the first few are not counted.
      for (const [w, [, body]] of ways.entries()) {
        const [ms] = await each(1, 1, async () => {
          await body();
        });
        if (i >= 5) took[w]!.push(ms!);
      }
    }
    for (const [w, [way]] of ways.entries()) {
      lines.push({ what: `${name}: ${way}`, cells: times(summarise(took[w]!)) });
    }
  }
  yield { title: "Short host commands", columns: TIMES, lines };
}

async function plain(argv: string[], input?: string): Promise<void> {
  const child = Bun.spawn(argv, {
    stdin: input === undefined ? "ignore" : new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
}
