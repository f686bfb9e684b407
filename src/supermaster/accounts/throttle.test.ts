import { expect, test } from "bun:test";
import { HandClock } from "../../../test/kit/supermaster-stage.ts";
import { isDocklet } from "../../lib/errors.ts";
import { network, Throttle } from "./throttle.ts";

/** How many attempts go through before one is refused, and how long that one has to wait. */
function hammer(t: Throttle, account: string, address: string, most = 100): { through: number; wait: number } {
  for (let i = 0; i < most; i++) {
    try {
      t.attempt(account, address);
    } catch (e) {
      if (!isDocklet(e, "throttled")) throw e;
      return { through: i, wait: e.details?.retryAfterSeconds as number };
    }
  }
  return { through: most, wait: 0 };
}

test("a few failures are free, then each wait is twice the last, up to a quarter of an hour", () => {
  const clock = new HandClock();
  const t = new Throttle(clock);
  expect(hammer(t, "alice", "192.0.2.1")).toEqual({ through: 6, wait: 1 });
  const waits: number[] = [];
  for (let i = 0; i < 14; i++) {
    clock.pass(hammer(t, "alice", "192.0.2.1", 1).wait * 1000);
    t.attempt("alice", "192.0.2.1");
    waits.push(hammer(t, "alice", "192.0.2.1", 1).wait);
  }
  expect(waits.slice(0, 6)).toEqual([2, 4, 8, 16, 32, 64]);
  expect(waits.at(-1)).toBe(900);
});

test("hammering alice's name from one address does not keep alice out at another", () => {
  const t = new Throttle(new HandClock());
  hammer(t, "alice", "192.0.2.66");
  expect(hammer(t, "alice", "192.0.2.1", 3).through).toBe(3);
});

test("trying many names from one address is slowed down as well", () => {
  const t = new Throttle(new HandClock());
  let through = 0;
  for (let i = 0; i < 100; i++) through += hammer(t, `user-${i}`, "192.0.2.66", 1).through;
  expect(through).toBe(31);
});

test("a right password forgives what was wrong before, for this account", () => {
  const t = new Throttle(new HandClock());
  for (let i = 0; i < 4; i++) t.attempt("alice", "192.0.2.1");
  t.attempt("alice", "192.0.2.1")();
  expect(hammer(t, "alice", "192.0.2.1").through).toBe(6);
});

test("a whole IPv6 network counts as one address", () => {
  expect(network("2001:db8:1:2:aaaa::1")).toBe(network("2001:db8:1:2:bbbb:cccc:dddd:1"));
  expect(network("::ffff:192.0.2.1")).toBe("192.0.2.1");
});

test("memory stays bounded however many names are tried", () => {
  const t = new Throttle(new HandClock());
  for (let i = 0; i < 30_000; i++) {
    try {
      t.attempt(`u${i}`, `2001:db8:${(i % 60_000).toString(16)}::1`);
    } catch {
      // Throttled ones are counted too.
    }
  }
  expect(hammer(t, "alice", "192.0.2.1", 3).through).toBe(3);
});
