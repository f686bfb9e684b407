import { type History, judge } from "../../kit/history.ts";
import { Dice } from "./dice.ts";
import { SimHost } from "./host.ts";
import { SimMaster } from "./master.ts";
import type { Mutant } from "./mutants.ts";
import { type Policy, Wire } from "./wire.ts";

const STEP = 250;
const CHAOS_MS = 150_000;
const HEALING_MS = 60_000;
/** A side that hears nothing for so long takes the connection for lost. */
const SILENCE_MS = 9_000;
const SLACK_MS = 1_200;
const FAULTS = [
  "cut",
  "one way",
  "kill",
  "pause",
  "off",
  "sleep",
  "master kill",
  "master pause",
  "people",
  "old master",
] as const;
type Fault = (typeof FAULTS)[number];

/**
 * Three hosts and a master over links that fail, clocks that run 2 % too fast or too slow, processes and machines that
 * stop and start: by chance, and the same for the same seed. Then all heals, and everything must find its place.
 */
export function simulate(seed: number, mutant: Mutant | null): string[] {
  const dice = new Dice(seed);
  const world = { now: 1_000 };
  const rate = () => dice.between(0.98, 1.02);
  const names = ["one", "two", "three"];
  const hosts = names.map((n) => new SimHost(n, rate(), mutant, world));
  const master = new SimMaster(names, rate(), mutant, world, dice);
  // Each seed has some kinds of trouble and not others: rare mixtures come about that way.
  const faults = new Set<Fault>(FAULTS.filter(() => dice.next() < 0.5));
  const policy = (): Policy => ({
    nodes: dice.pick(["freeze", "stop", "freeze", "stop", "keep"]),
    recover: dice.pick(["anew", "anew", "wait"]),
  });
  /** When the two directions of each link are free again. */
  const links = new Map(names.map((n) => [n, { up: 0, down: 0 }]));
  const wires = new Map<string, Wire[]>(names.map((n) => [n, []]));
  const later: { at: number; what: () => void }[] = [];
  const after = (ms: number, what: () => void) => later.push({ at: world.now + ms, what });

  master.start();
  for (const h of hosts) h.start();
  for (const n of ["a", "b"]) master.add(n, dice.pick(names), policy());

  const strike = (h: SimHost) => {
    const link = links.get(h.name)!;
    const long = () => dice.between(500, dice.next() < 0.5 ? 8_000 : 70_000);
    const has = (f: Fault, ms: number) => faults.has(f) && dice.every(ms, STEP);
    if (has("cut", 40_000)) link.up = link.down = world.now + long();
    if (has("one way", 40_000)) link[dice.pick(["up", "down"] as const)] = world.now + long();
    if (h.machine !== "up") return;
    if (has("kill", 60_000) && h.process !== "dead") {
      h.kill();
      after(long(), () => h.start());
    } else if (has("pause", 60_000) && h.process === "runs") {
      h.process = "paused";
      after(long(), () => {
        if (h.process === "paused") h.process = "runs";
      });
    } else if (has("off", 120_000)) {
      h.powerOff();
      after(long(), () => h.powerOn());
    } else if (has("sleep", 90_000)) {
      h.sleep();
      after(long(), () => h.wake());
    }
  };
  const strikeMaster = () => {
    if (faults.has("master kill") && dice.every(60_000, STEP) && master.process === "runs") {
      master.kill();
      after(dice.between(500, 40_000), () => master.start());
    } else if (faults.has("master pause") && dice.every(60_000, STEP) && master.process === "runs") {
      master.process = "paused";
      after(dice.between(500, 40_000), () => {
        if (master.process === "paused") master.process = "runs";
      });
    }
    if (faults.has("old master") && master.process === "runs" && dice.every(10_000, STEP))
      master.strayFrom(dice.pick(names));
    if (faults.has("people") && master.process === "runs" && dice.every(30_000, STEP))
      master.wish(dice.pick(["a", "b"]), policy());
    if (faults.has("people") && master.process === "runs" && dice.every(15_000, STEP))
      master.change(dice.pick(["a", "b"]), dice.pick([undefined, "running", "stopped"] as const));
  };

  const deliver = (h: SimHost) => {
    const link = links.get(h.name)!;
    const open = h.machine === "up";
    for (const w of wires.get(h.name)!) {
      if (master.process === "runs" && w.masterOpen)
        for (const m of Wire.take(w.up, world.now, open && link.up <= world.now)) {
          w.masterHeard = world.now;
          if (w.masterOpen) master.hear(w, m);
        }
      if (h.process === "runs" && open && w.workerOpen && h.wire === w)
        for (const m of Wire.take(w.down, world.now, link.down <= world.now)) {
          w.workerHeard = world.now;
          if (h.wire !== w) break;
          h.hear(m);
          if (m.type === "order") w.newest.set(m.node, Math.max(m.generation, w.newest.get(m.node) ?? 0));
          if (m.type === "order" && h.wire === w)
            for (const r of h.reports()) if (r.node === m.node) w.send(w.up, { type: "report", ...r }, world.now, dice);
        }
      // A side learns of the other's end when word of it comes through, or by silence.
      const through = link.up <= world.now && link.down <= world.now;
      if (
        w.masterOpen &&
        master.process === "runs" &&
        ((!w.workerOpen && through) || world.now - w.masterHeard > SILENCE_MS)
      )
        master.hangUp(h.name);
      if (
        h.wire === w &&
        h.process === "runs" &&
        ((!w.masterOpen && through) || world.now - w.workerHeard > SILENCE_MS)
      )
        h.hangUp();
    }
    wires.set(
      h.name,
      wires.get(h.name)!.filter((w) => w.workerOpen || w.masterOpen),
    );
  };

  const run = (h: SimHost) => {
    if (h.machine !== "up") return;
    const first = dice.next() < 0.5;
    // Which of the two a process does first when it wakes up is anybody's guess.
    if (first) h.tick();
    deliver(h);
    if (!first) h.tick();
    h.keep();
    h.tidy();
    if (h.process !== "runs") return;
    const link = links.get(h.name)!;
    if (!h.wire && link.up <= world.now && link.down <= world.now && master.process !== "dead" && dice.next() < 0.3) {
      h.wire = new Wire(h.name, h.clock(), world.now);
      wires.get(h.name)!.push(h.wire);
      h.wire.send(h.wire.up, { type: "hello" }, world.now, dice);
    } else if (h.wire) {
      const beat = h.beat();
      if (beat) h.wire.send(h.wire.up, { type: "beat", ...beat }, world.now, dice);
    }
  };

  const turn = (chaos: boolean) => {
    world.now += STEP;
    for (const l of later.filter((x) => x.at <= world.now)) {
      later.splice(later.indexOf(l), 1);
      l.what();
    }
    if (chaos) {
      for (const h of hosts) strike(h);
      strikeMaster();
    }
    for (const h of hosts.toSorted(() => dice.next() - 0.5)) run(h);
    if (master.process === "runs" && world.now % 1000 === 0) master.tick();
  };

  for (const end = world.now + CHAOS_MS; world.now < end; ) turn(true);
  for (const l of links.values()) l.up = l.down = 0;
  for (const l of later.splice(0)) l.what();
  for (const end = world.now + HEALING_MS; world.now < end; ) turn(false);

  const history: History = {
    facts: hosts.flatMap((h) => h.facts),
    fates: hosts.flatMap((h) => h.fates),
    gone: master.gone,
    slack: SLACK_MS,
  };
  const wrong = judge(history);
  for (const [node, row] of master.rows) {
    const at = hosts.filter((h) => h.nodes.get(node) === "runs").map((h) => h.name);
    const wanted = row.desired === "running" ? [row.host] : [];
    if (String(at) !== String(wanted)) wrong.push(`${node}: runs on [${at}] in the end, and should on [${wanted}]`);
    if (row.copies.size > 0) wrong.push(`${node}: copies are left on ${[...row.copies]}`);
  }
  return wrong;
}
