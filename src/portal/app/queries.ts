import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Event, Me, Vcluster } from "../../contracts/public/index.ts";
import { api, setCsrf } from "./api.ts";

/** Whose vclusters a list holds: mine, or (for admins) everybody's. */
export type Scope = "mine" | "all";

/** Query keys. The live stream writes to the same ones, so no page ever has to ask again. */
export const keys = {
  me: ["me"] as const,
  vclusters: (scope: Scope) => ["vclusters", scope] as const,
  vcluster: (owner: string, name: string) => ["vcluster", owner, name] as const,
  metrics: (id: string) => ["metrics", id] as const,
  operations: ["operations"] as const,
  operation: (id: string) => ["operation", id] as const,
  events: (filter: EventFilter) => ["events", filter] as const,
  history: (id: string) => ["history", id] as const,
  images: ["images"] as const,
  hosts: ["hosts"] as const,
  host: (name: string) => ["host", name] as const,
  hostNodes: (name: string) => ["host-nodes", name] as const,
  hostMetrics: (name: string) => ["host-metrics", name] as const,
  joinTokens: ["join-tokens"] as const,
  users: ["users"] as const,
  groups: ["groups"] as const,
  config: ["config"] as const,
  sessions: ["sessions"] as const,
  tokens: ["tokens"] as const,
  keys: ["keys"] as const,
};
export interface EventFilter {
  object?: string | undefined;
  owner?: string | undefined;
}

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: async ({ signal }): Promise<Me> => {
    const me = await api.session({ signal });
    setCsrf(me.csrf);
    return me;
  },
  retry: false,
});

/**
 * For long lists of which frames replace one entry at a time: comparing all the others each time, in depth, would
 * cost more than it saves.
 */
const ENTRY_BY_ENTRY = { structuralSharing: false } as const;

export const vclustersQuery = (scope: Scope) =>
  queryOptions({
    ...ENTRY_BY_ENTRY,
    queryKey: keys.vclusters(scope),
    queryFn: ({ signal }) =>
      everyPage<Vcluster>((cursor) =>
        api.vclusters({ query: { limit: 500, cursor, ...(scope === "all" ? { owner: "*" } : {}) }, signal }),
      ),
  });

/** `asOwner` is left out for one's own: the server then knows whom it means. */
export const vclusterQuery = (owner: string, name: string, asOwner: string | undefined) =>
  queryOptions({
    queryKey: keys.vcluster(owner, name),
    queryFn: ({ signal }) => api.vcluster({ params: { name }, query: { owner: asOwner }, signal }),
  });

export const metricsQuery = (vc: Vcluster, asOwner: string | undefined) =>
  queryOptions({
    queryKey: keys.metrics(vc.id),
    queryFn: async ({ signal }) =>
      (await api.vclusterMetrics({ params: { name: vc.name }, query: { owner: asOwner }, signal })).items,
  });

export const historyQuery = (vc: Vcluster, asOwner: string | undefined) =>
  infiniteQueryOptions({
    queryKey: keys.history(vc.id),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      api.vclusterEvents({
        params: { name: vc.name },
        query: { owner: asOwner, limit: 50, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const eventsQuery = (filter: EventFilter) =>
  infiniteQueryOptions({
    queryKey: keys.events(filter),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }): Promise<{ items: Event[]; next: string | null }> =>
      api.events({ query: { ...filter, limit: 50, cursor: pageParam }, signal }),
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const operationsQuery = queryOptions({
  queryKey: keys.operations,
  queryFn: async ({ signal }) => (await api.operations({ query: { limit: 50 }, signal })).items,
});
export const operationQuery = (id: string) =>
  queryOptions({
    queryKey: keys.operation(id),
    queryFn: ({ signal }) => api.operation({ params: { id }, signal }),
  });
export const imagesQuery = queryOptions({
  queryKey: keys.images,
  queryFn: async ({ signal }) => (await api.images({ signal })).items,
});
export const hostsQuery = queryOptions({
  ...ENTRY_BY_ENTRY,
  queryKey: keys.hosts,
  queryFn: async ({ signal }) => (await api.hosts({ signal })).items,
});
export const hostQuery = (name: string) =>
  queryOptions({
    queryKey: keys.host(name),
    queryFn: ({ signal }) => api.host({ params: { name }, signal }),
  });
export const hostNodesQuery = (name: string) =>
  queryOptions({
    queryKey: keys.hostNodes(name),
    queryFn: async ({ signal }) => (await api.hostNodes({ params: { name }, signal })).items,
  });
export const hostMetricsQuery = (name: string) =>
  queryOptions({
    queryKey: keys.hostMetrics(name),
    queryFn: async ({ signal }) => (await api.hostMetrics({ params: { name }, signal })).items,
  });
export const joinTokensQuery = queryOptions({
  queryKey: keys.joinTokens,
  queryFn: async ({ signal }) => (await api.joinTokens({ signal })).items,
});
export const groupsQuery = queryOptions({
  queryKey: keys.groups,
  queryFn: async ({ signal }) => (await api.groups({ signal })).items,
});
export const configQuery = queryOptions({
  queryKey: keys.config,
  queryFn: async ({ signal }) => (await api.config({ signal })).items,
});
export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: async ({ signal }) => (await api.sessions({ signal })).items,
});
export const tokensQuery = queryOptions({
  queryKey: keys.tokens,
  queryFn: async ({ signal }) => (await api.tokens({ signal })).items,
});
export const keysQuery = queryOptions({
  queryKey: keys.keys,
  queryFn: async ({ signal }) => (await api.keys({ signal })).items,
});
export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: ({ signal }) => everyPage((cursor) => api.users({ query: { limit: 500, cursor }, signal })),
});

/** Follows `next` to the end; bounded, so that a server that never ends a list cannot hang the page. */
async function everyPage<T>(page: (cursor: string | undefined) => Promise<{ items: T[]; next: string | null }>) {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let i = 0; i < 20; i++) {
    const got = await page(cursor);
    items.push(...got.items);
    if (got.next === null) break;
    cursor = got.next;
  }
  return items;
}
