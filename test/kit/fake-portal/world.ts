import type {
  ApiToken,
  Event,
  Group,
  Host,
  Image,
  JoinToken,
  Operation,
  Quota,
  Sample,
  Session,
  SshKey,
  StreamFrame,
  User,
  Vcluster,
} from "../../../src/contracts/public/index.ts";
import { randomName } from "../../../src/lib/ids.ts";
import type { HostSample } from "./hosts.ts";

export type Account = User & { password: string };
type StoredSession = Session & { user: string; csrf: string };

/** Everything that the fake server knows, and the one way to tell those who listen. */
export class World {
  users: Account[] = [];
  groups: Group[] = [];
  vclusters: Vcluster[] = [];
  operations: Operation[] = [];
  events: Event[] = [];
  images: Image[] = [];
  hosts: Host[] = [];
  hostSamples = new Map<string, HostSample[]>();
  joinTokens: JoinToken[] = [];
  samples = new Map<string, Sample[]>();
  sessions: StoredSession[] = [];
  tokens: (ApiToken & { user: string })[] = [];
  keys: (SshKey & { user: string })[] = [];
  config: { key: string; value: string; origin: string; doc: string; default: string; secret: boolean }[] = [];
  /** How long each step of an operation takes. */
  stepMs = 25;
  loginFailures = 0;
  /** Nothing is measured by itself. */
  quiet = false;
  readonly listeners = new Set<(frame: StreamFrame, owner: string | null) => void>();
  readonly timers = new Set<ReturnType<typeof setTimeout>>();
  #eventId = 1000;

  /** `owner` null: for everybody. */
  emit(frame: StreamFrame, owner: string | null): void {
    for (const listener of this.listeners) listener(frame, owner);
  }

  event(
    actor: string,
    action: string,
    object: string,
    owner: string | null,
    result: Event["result"] = "ok",
    message = "",
    at = Date.now(),
  ): void {
    const event: Event = {
      id: String(this.#eventId++),
      at,
      actor,
      action,
      object,
      owner,
      result,
      message,
      requestId: `req_${randomName(10)}`,
    };
    this.events.unshift(event);
    this.emit({ type: "event", data: event }, owner);
  }

  after(ms: number, body: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      body();
    }, ms);
    this.timers.add(timer);
  }

  used(user: string) {
    const mine = this.vclusters.filter((v) => v.owner === user);
    const nodes = mine.flatMap((v) => v.nodes);
    const sum = (pick: (n: (typeof nodes)[number]) => number) => nodes.reduce((total, n) => total + pick(n), 0);
    return {
      cpu: sum((n) => n.size.cpu),
      memory: sum((n) => n.size.memory),
      disk: sum((n) => n.size.disk),
      nodes: nodes.length,
      vclusters: mine.length,
    };
  }

  quotaOf(user: string): Quota {
    const group = this.users.find((u) => u.name === user)?.group;
    return this.groups.find((g) => g.name === group)!.quota;
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}
