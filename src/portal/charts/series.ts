/** A pause longer than this is drawn as a gap, not as a line that nobody measured. */
const GAP_MS = 45_000;

/** Samples as the columns that the chart draws: seconds, then one column a line, with holes where nothing was measured. */
export function columnsOf<S extends { at: number }>(
  samples: S[],
  pick: ((s: S) => number)[],
): [number[], ...(number | null)[][]] {
  const times: number[] = [];
  const lines: (number | null)[][] = pick.map(() => []);
  let before: number | null = null;
  for (const s of samples) {
    if (before !== null && s.at - before > GAP_MS) {
      times.push((before + 1) / 1000);
      for (const line of lines) line.push(null);
    }
    times.push(s.at / 1000);
    pick.forEach((value, i) => {
      lines[i]!.push(value(s));
    });
    before = s.at;
  }
  return [times, ...lines];
}
