/** Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** The word of `known` that was most likely meant, or null when none is near. Case does not count. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const wanted = word.slice(0, 64).toLowerCase().replaceAll("-", "_");
  let best: { word: string; distance: number } | null = null;
  for (const candidate of known) {
    const c = candidate.toLowerCase().replaceAll("-", "_");
    const distance = c.startsWith(wanted) && wanted.length >= 2 ? 1 : editDistance(wanted, c);
    if (distance <= Math.max(2, Math.floor(c.length / 3)) && distance < c.length && (!best || distance < best.distance))
      best = { word: candidate, distance };
  }
  return best?.word ?? null;
}
