import { expect, test } from "bun:test";
import { until } from "../lib/retry.ts";
import { descendants } from "./descendants.ts";
import { spawnPipes } from "./process.ts";

const SOON = { timeoutMs: 10_000, firstMs: 1, maxMs: 10 };
const alive = (pid: number) => Bun.spawnSync(["kill", "-0", String(pid)], { stderr: "ignore" }).exitCode === 0;

test("children and their children, in the order of their distance; none of a process that is gone", async () => {
  const child = Bun.spawn(["sh", "-c", "sh -c 'sleep 60 & wait' & wait"]);
  await until("both to run", () => descendants(child.pid).length === 2, SOON);
  const found = descendants(child.pid);
  expect(descendants(found[0]!)).toEqual([found[1]!]);
  for (const pid of [...found, child.pid]) process.kill(pid, "SIGKILL");
  await child.exited;
  expect(descendants(child.pid)).toEqual([]);
});

test("a command on pipes that is killed takes along what it started, politely where that is enough", async () => {
  let said = "";
  const polite = "trap 'echo bye; exit' TERM; echo on; while :; do sleep 0.02; done";
  const live = spawnPipes(["sh", "-c", `sleep 4711 & echo $!; sh -c "${polite}" & wait`], (_fd, d) => {
    said += Buffer.from(d).toString();
  });
  await until("all to run", () => said.includes("on\n"), SOON);
  const sleeper = Number.parseInt(said, 10);
  expect(alive(sleeper)).toBe(true);
  live.kill();
  await live.exited;
  await until("the sleeper to end", () => !alive(sleeper), SOON);
  expect(said).toContain("bye");
});
