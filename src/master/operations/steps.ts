import type { Step } from "../../contracts/public/index.ts";

/** Steps of operations, as people see them. Pure. */

const share = (done: number, total: number) => (total === 0 ? 1 : done / total);

function counted(name: string, done: number, total: number, before: boolean): Step {
  const state = !before ? "waiting" : done >= total ? "done" : "running";
  return { name, state, progress: share(done, total), message: `${done}/${total}` };
}

/** Nodes are placed, then made, then ready. `placed` false: they have their place already (start). */
export function bootSteps(placed: boolean, total: number, made: number, ready: number): Step[] {
  const place: Step = { name: "place", state: "done", progress: 1, message: null };
  const rest = [counted("nodes", made, total, true), counted("ready", ready, total, made >= total)];
  return placed ? [place, ...rest] : rest;
}

export function countSteps(name: string, total: number, done: number): Step[] {
  return [counted(name, done, total, true)];
}

/** Going forward has ended: what was under way gets `how`, what never began is cancelled, and undoing begins. */
export function turned(steps: Step[], how: "failed" | "cancelled", message: string, undo: string): Step[] {
  return [...ended(steps, how, message), { name: undo, state: "running", progress: 0, message: null }];
}

/** The same steps with the undoing, which is the last one, brought up to date. */
export function undoing(steps: Step[], done: number, total: number, message: string | null): Step[] {
  const undo = steps.at(-1);
  if (!undo) return steps;
  const state = done >= total ? "done" : "running";
  return [...steps.slice(0, -1), { ...undo, state, progress: share(done, total), message }];
}

/** How the steps stand once the operation is over. */
export function ended(steps: Step[], how: "done" | "failed" | "cancelled", message: string | null = null): Step[] {
  if (how === "done") return steps.map((s) => ({ ...s, state: "done", progress: 1 }));
  return steps.map((s) => {
    if (s.state === "running") return { ...s, state: how, message };
    return s.state === "waiting" ? { ...s, state: "cancelled" } : s;
  });
}
