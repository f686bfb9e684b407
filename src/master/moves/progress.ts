import type { Step } from "../../contracts/public/index.ts";
import { formatMiB } from "../../lib/units.ts";
import { BEFORE_SWITCH, type MoveRow } from "./rows.ts";

/** What is known of a move beside its row. */
export interface Live {
  /** Of the picture that is on its way: bytes. */
  sent: number;
  total: number;
  /** What it waits for. */
  note: string | null;
}

const mib = (bytes: number) => formatMiB(Math.round(bytes / 1_048_576));

/** How an operation that moves nodes stands: what has been copied, and which nodes are where they should be. Pure. */
export function moveSteps(rows: readonly MoveRow[], live: (m: MoveRow) => Live | null, undoing: boolean): Step[] {
  const asked = rows.length;
  const copied = rows.reduce((sum, m) => sum + shareOf(m, live(m)), 0);
  const there = rows.filter((m) => m.phase === "moved").length;
  const back = rows.filter((m) => m.outcome !== null);
  const steps: Step[] = [
    step("copy", asked === 0 ? 1 : copied / asked, copied >= asked, spoken(rows, live)),
    step("move", asked === 0 ? 1 : there / asked, there === asked, `${there}/${asked}`),
  ];
  if (back.length === 0 && !undoing) return steps;
  const ended = back.filter((m) => m.phase === m.outcome).length;
  const why = back.find((m) => m.phase !== m.outcome);
  const left = rows.some((m) => m.outcome === null && m.phase !== "moved");
  const forward = steps.map(
    (s): Step => (s.state === "done" || left ? s : { ...s, state: undoing ? "cancelled" : "failed" }),
  );
  const note = why ? (live(why)?.note ?? `${why.name} goes back to ${why.from_host}`) : null;
  return [...forward, step("put back", back.length === 0 ? 1 : ended / back.length, ended === back.length, note)];
}

function step(name: string, progress: number, done: boolean, message: string | null): Step {
  return { name, state: done ? "done" : "running", progress: Math.min(1, progress), message };
}

/** How much of the copying is done: the first picture is nearly all of it. */
function shareOf(m: MoveRow, live: Live | null): number {
  if (m.outcome !== null) return 0;
  if (!BEFORE_SWITCH.includes(m.phase)) return 1;
  if (m.round > 0) return 0.95;
  return live && live.total > 0 ? (0.95 * live.sent) / live.total : 0;
}

/** About the one that has come furthest but is not there. */
function spoken(rows: readonly MoveRow[], live: (m: MoveRow) => Live | null): string | null {
  const busy = rows.filter((m) => m.outcome === null && BEFORE_SWITCH.includes(m.phase) && m.phase !== "waiting");
  const m = busy[0] ?? rows.find((r) => r.outcome === null && r.phase === "waiting");
  if (!m) return null;
  const now = live(m);
  const way = `${m.name} from ${m.from_host} to ${m.to_host}`;
  if (now?.note) return `${way}: ${now.note}`;
  if (m.phase === "waiting") return `${way}: waits for its turn`;
  if (m.phase === "holding") return `${way}: stops for the last difference`;
  if (m.phase === "layers") return `${way}: its image`;
  const what = m.round === 0 ? "" : m.phase === "last" ? ", the last difference" : `, what has changed meanwhile`;
  return now && now.total > 0 ? `${way}: ${mib(now.sent)} of ${mib(now.total)}${what}` : way;
}
