/**
 * Decides from what hosts wrote down whether every node had one owner at any time. It knows nothing of how docklet does
 * it. Times are ms of one clock, or of clocks that differ by less than `slack`.
 */

/** What a host did with a node, and by which order. Facts of one host come in the order in which it wrote them down. */
export interface Fact {
  host: string;
  node: string;
  what: "started" | "ended" | "frozen" | "thawed" | "deleted";
  at: number;
  term: number;
  generation: number;
}

/** What befell a whole host, as somebody outside saw it: nothing runs on one that died or sleeps. */
export interface Fate {
  host: string;
  what: "died" | "slept" | "woke";
  at: number;
}

export interface History {
  facts: readonly Fact[];
  fates: readonly Fate[];
  /** What was ordered to go from where. */
  gone: readonly { host: string; node: string }[];
  /** Two may own a node for so long, ms: a machine that wakes up needs a moment to see what time it is. */
  slack: number;
}

interface Interval {
  host: string;
  from: number;
  to: number;
}

/** Empty: all is well. */
export function judge(h: History): string[] {
  const wrong: string[] = [];
  for (const [node, facts] of Map.groupBy(h.facts, (f) => f.node)) {
    const owned: Interval[] = [];
    for (const [host, theirs] of Map.groupBy(facts, (f) => f.host)) {
      wrong.push(...nonsense(theirs).map((w) => `${node} on ${host}: ${w}`));
      owned.push(...awake(intervals(host, theirs, fatesOf(h, host, "died")), h));
    }
    wrong.push(...shared(owned, h.slack).map((w) => `${node}: ${w}`));
    wrong.push(...backwards(facts, h).map((w) => `${node}: ${w}`));
    for (const f of facts) {
      if (f.what === "deleted" && !h.gone.some((g) => g.node === node && g.host === f.host))
        wrong.push(`${node}: was deleted from ${f.host} at ${f.at}, which nobody ordered`);
    }
  }
  return wrong;
}

const fatesOf = (h: History, host: string, what: Fate["what"]) =>
  h.fates.filter((f) => f.host === host && f.what === what).map((f) => f.at);

/** A host that contradicts itself proves nothing. */
function nonsense(facts: readonly Fact[]): string[] {
  const wrong: string[] = [];
  let state: "none" | "runs" | "frozen" = "none";
  let last = Number.NEGATIVE_INFINITY;
  for (const f of facts) {
    if (f.at < last) wrong.push(`time went back from ${last} to ${f.at}`);
    last = f.at;
    if (f.what === "started" && state !== "none") wrong.push(`started at ${f.at} while it was ${state}`);
    if (f.what === "thawed" && state !== "frozen") wrong.push(`thawed at ${f.at} while it was ${state}`);
    if (f.what === "frozen" && state !== "runs") wrong.push(`frozen at ${f.at} while it was ${state}`);
    if (f.what === "ended" && state === "none") wrong.push(`ended at ${f.at} without a start`);
    state = f.what === "frozen" ? "frozen" : f.what === "started" || f.what === "thawed" ? "runs" : "none";
  }
  return wrong;
}

/** When it ran. What no end is known of ended with the host, or runs on. */
function intervals(host: string, facts: readonly Fact[], deaths: readonly number[]): Interval[] {
  const found: Interval[] = [];
  let from: number | null = null;
  const close = (to: number) => {
    if (from === null) return;
    const death = deaths.find((d) => d >= from! && d < to);
    found.push({ host, from, to: death ?? to });
    from = null;
  };
  for (const f of facts) {
    if (f.what === "started" || f.what === "thawed") {
      close(f.at);
      from = f.at;
    } else close(f.at);
  }
  close(Number.POSITIVE_INFINITY);
  return found;
}

/** Without the times at which the machine slept. */
function awake(all: Interval[], h: History): Interval[] {
  return all.flatMap((i) => {
    const naps = fatesOf(h, i.host, "slept").map((slept) => ({
      slept,
      woke: fatesOf(h, i.host, "woke").find((w) => w >= slept) ?? Number.POSITIVE_INFINITY,
    }));
    let pieces = [i];
    for (const n of naps)
      pieces = pieces.flatMap((p) =>
        n.woke <= p.from || n.slept >= p.to
          ? [p]
          : [
              { ...p, to: Math.max(p.from, n.slept) },
              { ...p, from: Math.min(p.to, n.woke) },
            ],
      );
    return pieces.filter((p) => p.to > p.from);
  });
}

function shared(owned: Interval[], slack: number): string[] {
  const wrong: string[] = [];
  const sorted = owned.toSorted((a, b) => a.from - b.from);
  for (const [n, a] of sorted.entries()) {
    for (const b of sorted.slice(n + 1)) {
      if (b.from >= a.to) break;
      const both = Math.min(a.to, b.to) - b.from;
      if (b.host !== a.host && both > slack)
        wrong.push(`ran on ${a.host} and ${b.host} at the same time, from ${b.from} for ${both} ms`);
    }
  }
  return wrong;
}

/** An older order was carried out after a newer one. What a host that just woke up did within the slack is let pass. */
function backwards(facts: readonly Fact[], h: History): string[] {
  const wrong: string[] = [];
  let newest: Fact | null = null;
  const begun = facts.filter((f) => f.what === "started" || f.what === "thawed").toSorted((a, b) => a.at - b.at);
  for (const f of begun) {
    const older = newest && (f.term < newest.term || (f.term === newest.term && f.generation < newest.generation));
    if (older && f.at - newest!.at > h.slack)
      wrong.push(
        `order ${f.term}.${f.generation} was carried out on ${f.host} at ${f.at}, after ${newest!.term}.${newest!.generation} on ${newest!.host}`,
      );
    if (!older) newest = f;
  }
  return wrong;
}
