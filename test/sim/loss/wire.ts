import type { Dice } from "./dice.ts";

/** What goes between a host and its master. One node is one vcluster here. */
export type Up =
  | { type: "hello" }
  | { type: "beat"; held: number; asked: number }
  | { type: "report"; node: string; state: "gone" | "here"; generation: number };
export type Down =
  | { type: "welcome"; lease: number }
  | { type: "beat"; lease: number; asked: number }
  | { type: "order"; node: string; term: number; generation: number; desired: Desired; policy: Policy };
export type Desired = "running" | "stopped" | "gone";
export type Policy = { nodes: "keep" | "freeze" | "stop"; recover: "wait" | "anew" };

interface Letter<T> {
  due: number;
  body: T;
}

/** One connection: what was sent arrives in its order, late, or not at all. Each side finds out by itself that it is over. */
export class Wire {
  readonly up: Letter<Up>[] = [];
  readonly down: Letter<Down>[] = [];
  /** Highest generation of each node that the host has heard on it. */
  readonly newest = new Map<string, number>();
  workerOpen = true;
  masterOpen = true;
  /** When each side last heard something, true time. */
  workerHeard: number;
  masterHeard: number;

  constructor(
    readonly host: string,
    /** When the host sent its greeting, by its own clock. */
    readonly asked: number,
    now: number,
  ) {
    this.workerHeard = this.masterHeard = now;
  }

  send<T>(queue: Letter<T>[], body: T, now: number, dice: Dice): void {
    queue.push({ body, due: Math.max(now + dice.between(1, 400), queue.at(-1)?.due ?? 0) });
  }

  /** What has arrived by now, if the way is free. */
  static take<T>(queue: Letter<T>[], now: number, open: boolean): T[] {
    const came: T[] = [];
    while (open && queue[0] && queue[0].due <= now) came.push(queue.shift()!.body);
    return came;
  }
}
