import { describe, expect, test } from "bun:test";
import { KeyedMutex, Semaphore } from "./mutex.ts";

const tick = () => new Promise<void>((r) => setTimeout(r, 0));

describe("KeyedMutex", () => {
  test("one after another per key, keys do not wait for each other", async () => {
    const mutex = new KeyedMutex<string>();
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const a1 = mutex.run("a", async () => {
      seen.push("a1 begins");
      await first.promise;
      seen.push("a1 ends");
    });
    const a2 = mutex.run("a", async () => void seen.push("a2"));
    const a3 = mutex.run("a", async () => void seen.push("a3"));
    await mutex.run("b", async () => void seen.push("b"));
    await tick();
    expect(seen).toEqual(["a1 begins", "b"]);
    expect([mutex.busy("a"), mutex.busy("b")]).toEqual([true, false]);
    first.resolve();
    await Promise.all([a1, a2, a3]);
    expect(seen).toEqual(["a1 begins", "b", "a1 ends", "a2", "a3"]);
  });

  test("a failure reaches its caller and not the next in line", async () => {
    const mutex = new KeyedMutex<number>();
    const bad = mutex.run(1, async () => {
      throw new Error("mine");
    });
    const good = mutex.run(1, async () => "yours");
    expect(await bad.catch((e: Error) => e.message)).toBe("mine");
    expect(await good).toBe("yours");
  });

  test("idle waits for what is added meanwhile, and keeps nothing", async () => {
    const mutex = new KeyedMutex<string>();
    const seen: number[] = [];
    void mutex.run("a", async () => {
      await tick();
      seen.push(1);
      void mutex.run("b", async () => {
        await tick();
        seen.push(2);
      });
    });
    await mutex.idle();
    expect(seen).toEqual([1, 2]);
    expect([mutex.busy("a"), mutex.busy("b")]).toEqual([false, false]);
  });
});

describe("Semaphore", () => {
  test("never more than its limit; lower priority numbers first, else in order", async () => {
    const semaphore = new Semaphore(2);
    const order: string[] = [];
    let running = 0;
    let most = 0;
    const job = (name: string, priority: number) =>
      semaphore.run(async () => {
        most = Math.max(most, ++running);
        order.push(name);
        await tick();
        running--;
      }, priority);
    const all = [job("x", 5), job("y", 5), job("warm1", 10), job("person1", 0), job("warm2", 10), job("person2", 0)];
    expect(semaphore.waiting).toBe(4);
    await Promise.all(all);
    expect(order).toEqual(["x", "y", "person1", "person2", "warm1", "warm2"]);
    expect([most, semaphore.waiting]).toEqual([2, 0]);
  });

  test("a body that fails gives its place back", async () => {
    const semaphore = new Semaphore(1);
    const bad = semaphore.run(() => Promise.reject(new Error("no")));
    const good = semaphore.run(async () => "yes");
    expect(await bad.catch((e: Error) => e.message)).toBe("no");
    expect(await good).toBe("yes");
    expect(await semaphore.run(async () => "again")).toBe("again");
  });
});
