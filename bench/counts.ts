/** How much is measured. `DOCKLET_BENCH_SMOKE=1` makes everything tiny: it shows that a bench works, not how fast docklet is. */
export const smoke = process.env.DOCKLET_BENCH_SMOKE === "1";

/** A count from the environment, or its default. */
export function count(name: string, full: number, tiny: number): number {
  const text = process.env[`DOCKLET_BENCH_${name}`];
  if (text === undefined || text === "") return smoke ? tiny : full;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`DOCKLET_BENCH_${name}=${text} is not a whole number`);
  return value;
}
