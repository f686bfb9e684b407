import type { Step } from "../../contracts/public/index.ts";

/** 0 to 1, and what is being done; null where a line says nothing about progress. */
export interface Advance {
  progress: number;
  message: string;
}

/** The part of an installation's time that downloading takes, as a share: a guess that keeps the bar moving evenly. */
const DOWNLOAD_SHARE = 0.3;

/** Reads a line of apt's status (`APT::Status-Fd`): `dlstatus:1:12.5:Retrieving…`, `pmstatus:PACKAGE:45.4:Unpacking…`. */
export function aptAdvance(line: string): Advance | null {
  const m = /^(dl|pm)status:[^:]*(?::[a-z0-9]+)?:(\d+(?:\.\d+)?):(.*)$/.exec(line);
  if (!m) return null;
  const share = Math.min(1, Number(m[2]) / 100);
  const progress = m[1] === "dl" ? share * DOWNLOAD_SHARE : DOWNLOAD_SHARE + share * (1 - DOWNLOAD_SHARE);
  return { progress, message: m[3]!.trim() };
}

/** What mmdebstrap says at the begin of each phase, and how far it is then. */
const PHASES: [RegExp, number][] = [
  [/running apt-get update/, 0.05],
  [/downloading packages/, 0.2],
  [/extracting archives/, 0.4],
  [/installing essential packages/, 0.5],
  [/installing remaining packages/, 0.75],
  [/cleaning package lists/, 0.95],
];

export function bootstrapAdvance(line: string): Advance | null {
  const m = /^I: (.+)$/.exec(line);
  if (!m) return null;
  const phase = PHASES.find(([pattern]) => pattern.test(m[1]!));
  return phase ? { progress: phase[1], message: m[1]!.replace(/\.+$/, "") } : null;
}

/** Steps change this often at most, however chatty apt is. */
const EVERY_MS = 200;

/** The steps of one build, told on at a bearable rate. Changes of state are always told at once. */
export class Progress {
  readonly #steps: Step[];
  readonly #tell: (steps: Step[]) => void;
  readonly #now: () => number;
  #told = Number.NEGATIVE_INFINITY;

  constructor(names: readonly string[], tell: (steps: Step[]) => void, now: () => number) {
    this.#steps = names.map((name) => ({ name, state: "waiting", progress: null, message: null }));
    this.#tell = tell;
    this.#now = now;
    this.#send();
  }

  start(name: string, message: string | null = null): void {
    this.#set(name, { state: "running", progress: 0, message });
    this.#send();
  }

  /** Never runs backwards: apt counts several times over. */
  advance(name: string, at: Advance | null): void {
    const step = this.#steps.find((s) => s.name === name);
    if (!at || step?.state !== "running") return;
    this.#set(name, { progress: Math.max(step.progress ?? 0, Math.min(1, at.progress)), message: at.message });
    if (this.#now() - this.#told >= EVERY_MS) this.#send();
  }

  done(name: string, message: string | null = null): void {
    this.#set(name, { state: "done", progress: 1, message });
    this.#send();
  }

  /** Whatever runs ends in `state`. */
  end(state: "failed" | "cancelled", message: string): void {
    for (const step of this.#steps) if (step.state === "running") this.#set(step.name, { state, message });
    this.#send();
  }

  #set(name: string, change: Partial<Step>): void {
    const at = this.#steps.findIndex((s) => s.name === name);
    if (at >= 0) this.#steps[at] = { ...this.#steps[at]!, ...change };
  }

  #send(): void {
    this.#told = this.#now();
    this.#tell(this.#steps.map((s) => ({ ...s })));
  }
}
