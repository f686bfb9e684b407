/** Milliseconds (or anything else that is counted) of one measurement, taken many times. */
export interface Summary {
  n: number;
  p50: number;
  p99: number;
  min: number;
  max: number;
}

/** The value below which the share `q` of all lies; nearest rank, so it is one that was really measured. */
export function quantile(values: number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * q) - 1))]!;
}

export function summarise(values: number[]): Summary {
  return {
    n: values.length,
    p50: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    min: quantile(values, 0),
    max: quantile(values, 1),
  };
}

/** Runs `body` for every index below `n`, `width` at a time, and returns what each took in milliseconds. */
export async function each(n: number, width: number, body: (index: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < n) {
      const index = next++;
      const at = performance.now();
      await body(index);
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, n) }, worker));
  return times;
}
