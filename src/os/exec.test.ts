import { describe, expect, test } from "bun:test";
import { DockletError } from "../lib/errors.ts";
import { run } from "./exec.ts";

describe("run with onLine", () => {
  test("hands over every line of both streams before it returns", async () => {
    const lines: string[] = [];
    await run(["sh", "-c", "i=0; while [ $i -lt 500 ]; do echo line$i; i=$((i+1)); done; echo last >&2"], {
      onLine: (l) => lines.push(l),
    });
    expect(lines).toHaveLength(501);
    expect(lines).toContain("line499");
    expect(lines).toContain("last");
  });

  test("names the end of the output when the command fails", async () => {
    const failed = await run(["sh", "-c", "echo one; echo two; exit 4"], { onLine: () => {} }).catch((e) => e);
    expect(failed).toBeInstanceOf(DockletError);
    expect(failed.message).toContain("exited with 4");
    expect(failed.message).toContain("two");
  });

  test("a cancelled command is killed and says so", async () => {
    const abort = new AbortController();
    const done = run(["sleep", "60"], { onLine: () => {}, signal: abort.signal, killSignal: "SIGKILL" }).catch(
      (e) => e,
    );
    abort.abort();
    expect((await done).code).toBe("cancelled");
  });
});
