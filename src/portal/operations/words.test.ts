import { expect, test } from "bun:test";
import type { Step } from "../../contracts/public/index.ts";
import { currentStep, operationProgress, operationTitle } from "./words.ts";

const step = (name: string, state: Step["state"], progress: number | null = null, message: string | null = null) => ({
  name,
  state,
  progress,
  message,
});

test("titles say what is or was done", () => {
  const op = { kind: "vcluster.create", object: "lab" } as const;
  expect(operationTitle({ ...op, state: "running" })).toBe("Creating lab");
  expect(operationTitle({ ...op, state: "done" })).toBe("lab is ready");
  expect(operationTitle({ ...op, state: "failed" })).toBe("lab could not be created");
  expect(operationTitle({ ...op, state: "cancelled" })).toBe("Creating lab: cancelled");
});

test("a drain is about the host, a move about the cluster", () => {
  expect(operationTitle({ kind: "host.drain", object: "quay-2", state: "running" })).toBe("Draining host quay-2");
  expect(operationTitle({ kind: "host.drain", object: "quay-2", state: "done" })).toBe("Host quay-2 is empty");
  expect(operationTitle({ kind: "vcluster.move", object: "lab", state: "failed" })).toBe("lab could not be moved");
});

test("progress counts finished steps and the running one's own share", () => {
  const steps = [step("a", "done"), step("b", "running", 0.5), step("c", "waiting"), step("d", "waiting")];
  expect(operationProgress({ steps, state: "running" })).toBe(0.375);
  expect(operationProgress({ steps: [], state: "running" })).toBe(0);
  expect(operationProgress({ steps, state: "done" })).toBe(1);
});

test("the current step is the running one, else the one that failed", () => {
  expect(currentStep({ steps: [step("a", "done"), step("b", "running", null, "3 of 9")] })).toBe("b: 3 of 9");
  expect(currentStep({ steps: [step("a", "failed")] })).toBe("a");
  expect(currentStep({ steps: [step("a", "waiting")] })).toBeNull();
});
