import { expect, test } from "bun:test";
import type { OperationRow } from "../operations/operations.ts";
import type { NodeRow } from "./rows.ts";
import { stateOf } from "./state.ts";

const nodes = (...states: (NodeRow["state"] | [NodeRow["state"], string])[]) =>
  states.map((s, idx) => {
    const [state, reason] = Array.isArray(s) ? s : [s, null];
    return { idx, state, reason, desired: "running", operation: "op_1" } as NodeRow;
  });
const start = { id: "op_2", kind: "vcluster.start" } as OperationRow;
const scale = { id: "op_1", kind: "vcluster.scale" } as OperationRow;

test("a vcluster that should run is as far as its least node", () => {
  expect(stateOf("running", nodes("ready", "booting", "preparing"), start, null).state).toBe("preparing");
  expect(stateOf("running", nodes("ready", "ready"), null, null)).toEqual({ state: "ready", reason: null });
  expect(stateOf("running", nodes("pending"), start, "host a is away")).toEqual({
    state: "pending",
    reason: "host a is away",
  });
  expect(stateOf("running", nodes("ready", ["failed", "oom"]), start, null)).toEqual({
    state: "failed",
    reason: "host-1: oom",
  });
});

test("nodes that stopped by themselves: all is stopped, some is failed, and while it starts neither", () => {
  expect(stateOf("running", nodes("stopped", "stopped"), null, null).state).toBe("stopped");
  expect(stateOf("running", nodes("ready", ["stopped", "oom"]), null, null)).toEqual({
    state: "failed",
    reason: "host-1: oom",
  });
  expect(stateOf("running", nodes("stopped", "stopped"), start, null).state).toBe("pending");
});

test("nodes that are being added or removed make the others neither more nor less ready", () => {
  const added = nodes("ready", "pending").map((n) => (n.idx === 0 ? { ...n, operation: "op_0" } : n));
  expect(stateOf("running", added, scale, null).state).toBe("ready");
  const leaving = nodes("ready", "deleting").map((n) => (n.idx === 1 ? { ...n, desired: "gone" as const } : n));
  expect(stateOf("running", leaving, null, null).state).toBe("ready");
});

test("stopping and deleting say what holds them up", () => {
  expect(stateOf("stopped", nodes("stopped", "stopping"), null, null)).toEqual({ state: "stopping", reason: null });
  expect(stateOf("stopped", nodes("stopped"), null, null).state).toBe("stopped");
  expect(stateOf("deleted", nodes(["deleting", "busy"]), null, null)).toEqual({
    state: "deleting",
    reason: "host-0: busy",
  });
  expect(stateOf("deleted", [], null, "host a is away")).toEqual({ state: "deleting", reason: "host a is away" });
});
