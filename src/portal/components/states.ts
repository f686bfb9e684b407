import type { Host, Image, Operation, State, Step } from "../../contracts/public/index.ts";

/** How a state looks. Never by colour alone: each tone has a word and, in badges, a shape of its own. */
export type Tone = "good" | "busy" | "rest" | "bad";

type AnyState = State | Image["state"] | Host["state"] | Operation["state"] | Step["state"];

const TONES: Record<AnyState, Tone> = {
  pending: "busy",
  preparing: "busy",
  booting: "busy",
  ready: "good",
  stopping: "busy",
  stopped: "rest",
  failed: "bad",
  deleting: "busy",
  absent: "rest",
  building: "busy",
  joining: "busy",
  unreachable: "bad",
  cordoned: "rest",
  draining: "busy",
  removed: "rest",
  running: "busy",
  done: "good",
  cancelling: "busy",
  cancelled: "rest",
  waiting: "rest",
};

export function toneOf(state: AnyState): Tone {
  return TONES[state];
}

/** On its way to somewhere: buttons wait until it is there. */
export function isMoving(state: State): boolean {
  return toneOf(state) === "busy";
}
