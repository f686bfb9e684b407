import type { Operation, State, Vcluster } from "../../../src/contracts/public/index.ts";
import { longId } from "../../../src/lib/ids.ts";
import type { World } from "./world.ts";

interface Script {
  kind: Operation["kind"];
  owner: string;
  object: string;
  steps: { name: string; enter?: () => void }[];
  /** Undoes what was half made. */
  cancel?: () => void;
  done: () => void;
  failAt?: { step: number; message: string; hint: string };
  fail?: () => void;
}

/** Plays an operation step by step, as the real server would report it. */
export function play(w: World, script: Script): Operation {
  const op: Operation = {
    id: longId("op"),
    kind: script.kind,
    owner: script.owner,
    object: script.object,
    state: "running",
    steps: script.steps.map((s) => ({ name: s.name, state: "waiting", progress: null, message: null })),
    error: null,
    cancellable: script.cancel !== undefined,
    startedAt: Date.now(),
    endedAt: null,
  };
  w.operations.unshift(op);
  const tell = () => w.emit({ type: "operation", data: structuredClone(op) }, script.owner);
  const end = (state: Operation["state"]) => {
    op.state = state;
    op.endedAt = Date.now();
    op.cancellable = false;
    w.event(
      script.owner,
      script.kind,
      script.object,
      script.owner,
      state === "done" ? "ok" : state === "failed" ? "failed" : "info",
      op.error?.message ?? state,
    );
    tell();
    w.emit({ type: "me", data: null }, script.owner);
  };
  const step = (i: number) => {
    if (op.state === "cancelling") {
      for (const s of op.steps) if (s.state !== "done") s.state = "cancelled";
      script.cancel?.();
      return end("cancelled");
    }
    if (i > 0) Object.assign(op.steps[i - 1]!, { state: "done", progress: 1 });
    if (i === op.steps.length) {
      script.done();
      return end("done");
    }
    if (script.failAt?.step === i) {
      Object.assign(op.steps[i]!, { state: "failed", message: script.failAt.message });
      op.error = { code: "host_command", message: script.failAt.message, hint: script.failAt.hint };
      script.fail?.();
      return end("failed");
    }
    Object.assign(op.steps[i]!, { state: "running", progress: 0.4 });
    script.steps[i]!.enter?.();
    tell();
    w.after(w.stepMs, () => step(i + 1));
  };
  tell();
  w.after(w.stepMs, () => step(0));
  return op;
}

/** Sets the state of a vcluster and of the nodes that `which` picks, and tells. */
export function setState(w: World, vc: Vcluster, state: State, which: (i: number) => boolean = () => true): void {
  vc.state = state;
  vc.nodes.forEach((n, i) => {
    if (!which(i)) return;
    n.state = state;
    n.bootedAt = state === "ready" ? Date.now() : null;
  });
  tellVcluster(w, vc);
}

export function tellVcluster(w: World, vc: Vcluster): void {
  w.emit({ type: "vcluster", data: structuredClone(vc) }, vc.owner);
}
