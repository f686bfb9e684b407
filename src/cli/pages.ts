/** All rows of a list that the server gives out page by page. */
export async function everyPage<T>(
  load: (page: { cursor?: string; limit: number }) => Promise<{ items: T[]; next: string | null }>,
): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await load({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    rows.push(...page.items);
    if (page.next === cursor) break;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return rows;
}
