import type { Recipe, Sample } from "../../src/contracts/public/index.ts";
import type { BuildReport, ImageReport, NodeReport } from "../../src/contracts/worker.ts";
import { fakeLayer } from "./fake-volumes.ts";
import type { FakeNode } from "./fake-worker.ts";

/** What a fake worker says of a node of its own. */
export function report(n: FakeNode): NodeReport {
  return {
    type: "node",
    id: n.id,
    vcluster: n.vcluster,
    generation: n.generation,
    state: n.state,
    reason: n.reason,
    slug: n.slug,
    jupyterToken: n.slug && `token-${n.slug}`,
    warm: false,
    bootedAt: n.bootedAt,
  };
}

export function recipe(name: string): Recipe {
  return {
    name,
    description: `${name} for tests`,
    packages: [],
    ready: name === "base" ? "jupyter" : "init",
    init: "simple",
  };
}

export function image(name: string, state: ImageReport["state"], build = 1): ImageReport {
  const there = state === "ready";
  return {
    type: "image",
    name,
    state,
    reason: null,
    recipe: recipe(name),
    size: there ? 1_000_000 : null,
    builtAt: there ? build : null,
    warm: { want: 0, have: 0 },
    layers: there ? [fakeLayer(name, build)] : [],
  };
}

export function build(operation: string, name: string, progress: number): BuildReport {
  return {
    type: "build",
    operation,
    image: name,
    steps: [{ name: "packages", state: progress < 1 ? "running" : "done", progress, message: null }],
    done: false,
    error: null,
  };
}

export function sample(at: number): Sample {
  return { at, cpu: 0.5, memory: 1, disk: 2, rx: 3, tx: 4, pids: 5 };
}
