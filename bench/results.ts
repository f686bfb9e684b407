const HEAD = `# What docklet takes

Made by \`sudo bun run bench --write\`, or with names for some of the sections: each is of one run, and says of which. Every
figure stands beside its peer's or its floor's from the same run. Budgets: the design's. \`n\` is how often it was measured;
p50 and p99 are values that were measured, nearest rank.
`;

/** RESULTS.md with some sections made anew; the others stay as they were measured. `order`: as they stand in the file. */
export function renew(old: string, fresh: ReadonlyMap<string, string>, order: readonly string[]): string {
  const sections = new Map(
    old
      .split(/^## /m)
      .slice(1)
      .map((s) => {
        const end = s.indexOf("\n");
        return [s.slice(0, end), s.slice(end + 1).trim()] as const;
      }),
  );
  for (const [name, text] of fresh) sections.set(name, text.trim());
  const kept = order.flatMap((name) => (sections.has(name) ? [`## ${name}\n\n${sections.get(name)}\n`] : []));
  return [HEAD, ...kept].join("\n");
}
