import type { Operation } from "../../contracts/public/index.ts";

interface Words {
  doing: (object: string) => string;
  done: (object: string) => string;
  failed: (object: string) => string;
}

const WORDS: Record<Operation["kind"], Words> = {
  "vcluster.create": {
    doing: (o) => `Creating ${o}`,
    done: (o) => `${o} is ready`,
    failed: (o) => `${o} could not be created`,
  },
  "vcluster.start": {
    doing: (o) => `Starting ${o}`,
    done: (o) => `${o} is running`,
    failed: (o) => `${o} could not be started`,
  },
  "vcluster.stop": {
    doing: (o) => `Stopping ${o}`,
    done: (o) => `${o} is stopped`,
    failed: (o) => `${o} could not be stopped`,
  },
  "vcluster.delete": {
    doing: (o) => `Deleting ${o}`,
    done: (o) => `${o} is deleted`,
    failed: (o) => `${o} could not be deleted`,
  },
  "vcluster.scale": {
    doing: (o) => `Scaling ${o}`,
    done: (o) => `${o} is scaled`,
    failed: (o) => `${o} could not be scaled`,
  },
  "vcluster.move": {
    doing: (o) => `Moving ${o}`,
    done: (o) => `${o} is moved`,
    failed: (o) => `${o} could not be moved`,
  },
  "host.drain": {
    doing: (o) => `Draining host ${o}`,
    done: (o) => `Host ${o} is empty`,
    failed: (o) => `Host ${o} could not be emptied`,
  },
  "image.build": {
    doing: (o) => `Building image ${o}`,
    done: (o) => `Image ${o} is built`,
    failed: (o) => `Image ${o} could not be built`,
  },
  "image.delete": {
    doing: (o) => `Deleting image ${o}`,
    done: (o) => `Image ${o} is deleted`,
    failed: (o) => `Image ${o} could not be deleted`,
  },
};

/** What an operation is doing or has done, as a sentence about its object. */
export function operationTitle(op: Pick<Operation, "kind" | "object" | "state">): string {
  const words = WORDS[op.kind];
  if (op.state === "done") return words.done(op.object);
  if (op.state === "failed") return words.failed(op.object);
  if (op.state === "cancelled") return `${words.doing(op.object)}: cancelled`;
  if (op.state === "cancelling") return `${words.doing(op.object)}: cancelling`;
  return words.doing(op.object);
}

export function isActive(op: Pick<Operation, "state">): boolean {
  return op.state === "running" || op.state === "cancelling";
}

/** How far it is, 0 to 1: steps that are over count whole, the running one by what it says of itself. */
export function operationProgress(op: Pick<Operation, "steps" | "state">): number {
  if (op.state === "done") return 1;
  if (op.steps.length === 0) return 0;
  const sum = op.steps.reduce(
    (n, s) => n + (s.state === "done" ? 1 : s.state === "running" ? (s.progress ?? 0) : 0),
    0,
  );
  return Math.min(1, sum / op.steps.length);
}

export function currentStep(op: Pick<Operation, "steps">): string | null {
  const step = op.steps.find((s) => s.state === "running") ?? op.steps.find((s) => s.state === "failed");
  if (!step) return null;
  return step.message ? `${step.name}: ${step.message}` : step.name;
}
