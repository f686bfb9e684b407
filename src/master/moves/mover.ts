import type { Picture, WorkerApi } from "../../contracts/worker.ts";
import { DockletError, isDocklet, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Clock } from "../../os/clock.ts";
import type { Reader } from "../../store/store.ts";
import type { Change, Commit } from "../change.ts";
import type { Supply } from "../images/supply.ts";
import { activeOperation } from "../operations/operations.ts";
import { type Progress, unlessAborted, whileItArrives } from "../transfers/patience.ts";
import type { Transfers } from "../transfers/transfers.ts";
import type { NodeRow } from "../vclusters/rows.ts";
import { matches } from "../vclusters/state.ts";
import { copyOf } from "./copies.ts";
import type { Live } from "./progress.ts";
import { BEFORE_SWITCH, isOpen, type MoveRow, type Phase, pictureName, update } from "./rows.ts";
import type { Slots } from "./slots.ts";
import { abandon, arrive, clear, endBack, giveBack, hold, switchOver, turnBack } from "./transitions.ts";

/** How patient a move is. Tests are not. */
export interface MovePace {
  /** A host that does not answer for so long ends a move that has not begun to stop its node. */
  patienceMs: number;
  /** The same while the node is down: it then goes on where it was. */
  heldMs: number;
  /** Pause before what is in the way is looked at again. */
  retryMs: number;
}
export const MOVE_PACE: MovePace = { patienceMs: 120_000, heldMs: 20_000, retryMs: 1_000 };

/** A difference that takes less than this many bytes is worth stopping for. */
const SMALL = 32 * 1_048_576;
/** Pictures taken while the node runs: one that writes faster than the wire carries never gets a small difference. */
const ROUNDS = 3;

/** What failed is this master's own disk: no reason to turn back. */
class Unwritten extends Error {}

/** It does not run, and will not by itself. */
const ended = (n: NodeRow): boolean => n.state === "failed" || n.state === "stopped";

export interface MoverParts {
  db: Reader;
  commit: Commit;
  worker: (host: string) => WorkerApi | null;
  /** Taken out of the data centre for good: nothing of it counts any more. */
  removed: (host: string) => boolean;
  transfers: Pick<Transfers, "carry">;
  supply: Pick<Supply, "ensureLayers">;
  slots: Slots;
  clock: Clock;
  log: Logger;
  pace: MovePace;
  /** How far it is has changed, without any row. */
  progressed: (m: MoveRow) => void;
}

/**
 * Brings one node to another host: looks where its row says that it is, does the next thing, and writes that down.
 * Whatever it does may have been done before, by itself in an earlier life.
 */
export class Mover {
  readonly live: Live = { sent: 0, total: 0, note: null };
  #stopped = false;
  #woken = false;
  #wake: (() => void) | null = null;
  #work: { phase: Phase; abort: AbortController } | null = null;
  #release: (() => void) | null = null;
  /** Since when a host does not answer. */
  #away: number | null = null;

  constructor(
    private readonly parts: MoverParts,
    readonly seq: number,
  ) {}

  /** Resolves when the move is over, or docklet stops. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const m = this.#row();
        if (this.#stopped || !m || !isOpen(m)) return;
        try {
          await this.#next(m, this.#node(m));
        } catch (err) {
          if (this.#stopped) return;
          this.parts.log.error({ err, node: m.node, phase: m.phase }, "a move could not go on; it is tried again");
          await this.#pause();
        }
      }
    } finally {
      this.#release?.();
    }
  }

  /** Something about its node, or about hosts, is different. */
  look(): void {
    this.#woken = true;
    this.#wake?.();
    if (!this.#work) return;
    const m = this.#row();
    if (m?.phase === this.#work.phase && this.#node(m)?.desired !== "gone") return;
    this.#work.abort.abort(new DockletError("cancelled", "The move was turned back."));
  }

  stop(): void {
    this.#stopped = true;
    this.#work?.abort.abort(new DockletError("unavailable", "docklet is stopping."));
    this.#wake?.();
  }

  async #next(m: MoveRow, n: NodeRow | null): Promise<void> {
    if (!n || n.desired === "gone") return this.#step(m.phase, (c, row) => abandon(c, row));
    if (BEFORE_SWITCH.includes(m.phase)) {
      if (!this.#release) return this.#turn(m);
      // A host that is away can't be told anything: neither to stop the node, nor to go on with it.
      if (m.phase === "holding")
        return n.hold === 2 ? this.#goto(m, "last") : this.#changed(this.#silence(m.from_host));
      return this.#carefully(m, (signal) => this.#advance(m, n, signal));
    }
    this.#release?.();
    this.#release = null;
    switch (m.phase) {
      case "switched":
        if (matches(n)) return this.#step(m.phase, (c, row) => clear(c, row));
        // What did not run before need not run there: it is as it was.
        if (ended(n) && m.held_at === null) return this.#step(m.phase, (c, row) => clear(c, row));
        if (ended(n)) {
          const message = `on ${m.to_host}: ${n.reason ?? "it failed"}`;
          return this.#turnBack(m, new DockletError("host_command", message, "The log of that host says more."));
        }
        return this.#changed(this.#silence(m.to_host));
      case "clearing": {
        const left = copyOf(this.parts.db, m.node, m.from_host);
        if (!left || !this.parts.worker(m.from_host)) return this.#step(m.phase, (c, row) => arrive(c, row));
        return this.#changed(left.reason);
      }
      case "returning":
        // Whoever takes a host out by force says that its nodes are lost.
        if (n.hold === 2 || this.parts.removed(m.to_host)) return this.#step(m.phase, (c, row) => giveBack(c, row));
        return this.#changed(this.#silence(m.to_host));
      default:
        if (matches(n) || ended(n) || !this.parts.worker(m.from_host))
          return this.#step(m.phase, (c, row) => endBack(c, row));
        return this.#changed(null);
    }
  }

  /** Only a few at a time use the wire and the disks of a host. */
  async #turn(m: MoveRow): Promise<void> {
    await this.#carefully(m, async (signal) => {
      this.#release = await this.parts.slots.take([m.from_host, m.to_host], signal);
    });
  }

  async #advance(m: MoveRow, n: NodeRow, signal: AbortSignal): Promise<void> {
    const { db } = this.parts;
    if (m.phase === "waiting") {
      const op = activeOperation(db, m.vcluster);
      const unsettled = n.state === "pending" || n.state === "preparing" || n.state === "booting";
      if (op && op.id !== m.operation && unsettled) return this.#changed(`${m.name} is ${n.state}`);
      return this.#goto(m, "layers");
    }
    if (m.phase === "layers") {
      // What an earlier move left behind must not be taken for this one's.
      for (const host of [m.to_host, m.from_host]) {
        await this.#needed(host).dropPictures({ kind: "disk", id: m.node });
        signal.throwIfAborted();
      }
      const layers = await this.#needed(m.from_host).layersOf(m.node);
      signal.throwIfAborted();
      if (layers !== null) {
        await this.#watched(m, signal, (watched, progress) =>
          this.parts.supply.ensureLayers(m.to_host, layers, m.from_host, watched, (_, sent, total) =>
            progress(sent, total),
          ),
        );
      }
      signal.throwIfAborted();
      return this.#step(m.phase, (c, row, node) => {
        c.tx.run("DELETE FROM picture_removals WHERE node = $node AND host IN ($from, $to)", {
          node: row.node,
          from: row.from_host,
          to: row.to_host,
        });
        if (node.state === "stopped") hold(c, row, node);
        else update(c, row, { phase: "copying" });
      });
    }
    const { bytes } = await this.#watched(m, signal, (watched, progress) =>
      this.parts.transfers.carry(
        { picture: this.#picture(m), parent: m.base, from: m.from_host, to: m.to_host },
        { signal: watched, progress },
      ),
    );
    signal.throwIfAborted();
    const name = pictureName(m, m.round);
    if (m.phase === "copying") {
      return this.#step(m.phase, (c, row, node) => {
        update(c, row, { base: name, round: row.round + 1, sent: row.sent + bytes });
        if (bytes < SMALL || row.round >= ROUNDS) hold(c, row, node);
      });
    }
    await this.#needed(m.to_host).adoptPicture(this.#picture(m));
    signal.throwIfAborted();
    return this.#step(m.phase, (c, row, node) => {
      if (node.hold !== 2) return update(c, row, { phase: "holding" });
      update(c, row, { base: name, round: row.round + 1, sent: row.sent + bytes });
      switchOver(c, row);
    });
  }

  #watched<T>(
    m: MoveRow,
    signal: AbortSignal,
    work: (signal: AbortSignal, progress: Progress) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.parts;
    const progress: Progress = (sent, total) => {
      Object.assign(this.live, { sent, total });
      this.parts.progressed(m);
    };
    progress(0, 0);
    return whileItArrives({ clock, ms: this.#patience(m), what: `${m.name} on ${m.to_host}`, signal, progress }, work);
  }

  /** While its node is down, there is little of it. */
  #patience(m: MoveRow): number {
    return m.phase === "last" ? this.parts.pace.heldMs : this.parts.pace.patienceMs;
  }

  #picture(m: MoveRow): Picture {
    return { volume: { kind: "disk", id: m.node }, name: pictureName(m, m.round) };
  }

  /** Work that may fail: a host that is away gets some time, everything else turns the move back. */
  async #carefully(m: MoveRow, body: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    this.#work = { phase: m.phase, abort };
    try {
      await unlessAborted(body(abort.signal), abort.signal);
      this.#away = null;
      this.#say(null);
    } catch (e) {
      if (this.#stopped || abort.signal.aborted) return;
      if (e instanceof Unwritten) throw e.cause;
      const { clock, log } = this.parts;
      this.#away ??= clock.monotonic();
      if (isDocklet(e, "unavailable") && clock.monotonic() - this.#away < this.#patience(m)) {
        this.#say(`waits: ${e.message}`);
        await this.#pause();
        return;
      }
      log.warn({ err: e, node: m.node, phase: m.phase }, `a move is turned back: ${messageOf(e)}`);
      this.#turnBack(m, e);
    } finally {
      this.#work = null;
    }
  }

  #turnBack(m: MoveRow, e: unknown): void {
    const { code, message, hint } = isDocklet(e) ? e : { code: "host_command", message: messageOf(e), hint: "" };
    this.#step(m.phase, (c, row) => turnBack(c, row, "failed", { code, message, hint }));
  }

  #goto(m: MoveRow, phase: Phase): void {
    this.#step(m.phase, (c, row) => update(c, row, { phase }));
  }

  /** One write, unless somebody has changed its course meanwhile. */
  #step(phase: Phase, body: (c: Change, m: MoveRow, n: NodeRow) => void): void {
    if (this.#stopped) return;
    try {
      this.parts.commit((c) => {
        const m = c.tx.get<MoveRow>("SELECT * FROM moves WHERE seq = $seq", { seq: this.seq });
        if (m?.phase !== phase) return;
        body(c, m, c.tx.get<NodeRow>("SELECT * FROM nodes WHERE id = $id", { id: m.node })!);
      });
    } catch (e) {
      throw new Unwritten("a step of a move could not be written down", { cause: e });
    }
  }

  /** Why a host says nothing: for people to read. */
  #silence(host: string): string | null {
    return this.parts.worker(host) ? null : `waits: host ${host} is not connected`;
  }

  #needed(host: string): WorkerApi {
    const worker = this.parts.worker(host);
    if (worker) return worker;
    throw new DockletError("unavailable", `Host ${host} is not connected.`, "It goes on when the host is back.");
  }

  /** Until somebody says that something is different. */
  async #changed(note: string | null): Promise<void> {
    this.#say(note);
    if (!this.#woken && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = null;
    this.#woken = false;
  }

  async #pause(): Promise<void> {
    const timer = setTimeout(() => this.#wake?.(), this.parts.pace.retryMs);
    timer.unref();
    this.#woken = false;
    await this.#changed(this.live.note);
    clearTimeout(timer);
  }

  #say(note: string | null): void {
    if (this.live.note === note) return;
    this.live.note = note;
    const m = this.#row();
    if (m) this.parts.progressed(m);
  }

  #row(): MoveRow | null {
    return this.parts.db.get<MoveRow>("SELECT * FROM moves WHERE seq = $seq", { seq: this.seq });
  }

  #node(m: MoveRow): NodeRow | null {
    return this.parts.db.get<NodeRow>("SELECT * FROM nodes WHERE id = $id", { id: m.node });
  }
}
