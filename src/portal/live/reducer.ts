import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Event, Image, Operation, Sample, StreamFrame, Vcluster } from "../../contracts/public/index.ts";
import { type EventFilter, keys } from "../app/queries.ts";
import { noteServerTime } from "./clock.ts";
import { askForRemovedHosts, dropFromHosts, placeOnHosts, putHost } from "./hosts.ts";
import { replace } from "./list.ts";

/** An hour of samples, as the server keeps it. */
const SAMPLES_KEPT_MS = 3_600_000;
const OPERATIONS_KEPT = 100;

type EventPages = InfiniteData<{ items: Event[]; next: string | null }>;
export type NodeSeries = { node: string; samples: Sample[] };

/** Writes one frame of the event stream into the query cache. `self` is the user name of who looks. */
export function applyFrame(cache: QueryClient, frame: StreamFrame, self: string | undefined): void {
  switch (frame.type) {
    case "hello":
      noteServerTime(frame.at);
      // What was missed while away cannot be known: ask again for everything that is on screen.
      void cache.invalidateQueries();
      return;
    case "vcluster":
      putVcluster(cache, frame.data, self);
      placeOnHosts(cache, frame.data);
      return;
    case "vcluster.deleted":
      dropVcluster(cache, frame.data.id);
      dropFromHosts(cache, frame.data);
      return;
    case "operation":
      putOperation(cache, frame.data);
      if (frame.data.endedAt !== null) askForRemovedHosts(cache);
      return;
    case "event":
      putEvent(cache, frame.data);
      if (frame.data.action === "vcluster.rename") void cache.invalidateQueries({ queryKey: ["host-nodes"] });
      return;
    case "image":
      putImage(cache, frame.data);
      return;
    case "host":
      putHost(cache, frame.data);
      return;
    case "metrics":
      putSample(cache, frame.data);
      return;
    case "me":
      void cache.invalidateQueries({ queryKey: keys.me });
      return;
  }
}

export function putVcluster(cache: QueryClient, vc: Vcluster, self: string | undefined): void {
  const into = (list: Vcluster[] | undefined) => list && replace(list, vc, "id");
  if (vc.owner === self) cache.setQueryData(keys.vclusters("mine"), into);
  cache.setQueryData(keys.vclusters("all"), into);
  let known = vc.owner === self;
  // Under every name that it is known by: a page that shows it by its old name then sees the new one and follows.
  for (const [key, old] of cache.getQueriesData<Vcluster>({ queryKey: ["vcluster"] })) {
    if (old?.id !== vc.id) continue;
    cache.setQueryData(key, vc);
    known = true;
  }
  // An admin hears of everybody's: what nobody looks at is not kept one by one.
  const key = keys.vcluster(vc.owner, vc.name);
  if (known || cache.getQueryState(key)) cache.setQueryData(key, vc);
}

function dropVcluster(cache: QueryClient, id: string): void {
  const out = (list: Vcluster[] | undefined) => list?.filter((v) => v.id !== id);
  cache.setQueryData(keys.vclusters("mine"), out);
  cache.setQueryData(keys.vclusters("all"), out);
  for (const [key, old] of cache.getQueriesData<Vcluster>({ queryKey: ["vcluster"] })) {
    if (old?.id === id) cache.setQueryData(key, { ...old, state: "deleting", desired: "deleted", nodes: [] });
  }
}

export function putOperation(cache: QueryClient, op: Operation): void {
  cache.setQueryData(keys.operations, (list: Operation[] | undefined) => {
    if (!list) return list;
    const old = list.find((o) => o.id === op.id);
    // An answer that was overtaken by the stream must not bring a finished operation back to life.
    if (old && old.endedAt !== null && op.endedAt === null) return list;
    return replace(list, op, "id").slice(0, OPERATIONS_KEPT);
  });
}

function putEvent(cache: QueryClient, event: Event): void {
  for (const [key, data] of cache.getQueriesData<EventPages>({ queryKey: ["events"] })) {
    if (data && matches(event, key[1] as EventFilter)) cache.setQueryData(key, prepend(data, event));
  }
  for (const [key, data] of cache.getQueriesData<EventPages>({ queryKey: ["history"] })) {
    const vc = cache.getQueriesData<Vcluster>({ queryKey: ["vcluster"] }).find(([, v]) => v?.id === key[1])?.[1];
    if (data && vc && event.object === vc.name && event.owner === vc.owner)
      cache.setQueryData(key, prepend(data, event));
  }
}

function putImage(cache: QueryClient, image: Image): void {
  cache.setQueryData(keys.images, (list: Image[] | undefined) => list && replace(list, image, "name", "end"));
}

function putSample(cache: QueryClient, m: { vcluster: string; node: string; sample: Sample }): void {
  cache.setQueryData(keys.metrics(m.vcluster), (series: NodeSeries[] | undefined) => series && addSample(series, m));
}

/** Appends a sample to its node's series and forgets what is older than an hour. Repeats change nothing. */
export function addSample(series: NodeSeries[], m: { node: string; sample: Sample }): NodeSeries[] {
  const old = series.find((s) => s.node === m.node) ?? { node: m.node, samples: [] };
  if ((old.samples.at(-1)?.at ?? 0) >= m.sample.at) return series;
  const samples = [...old.samples.filter((s) => s.at > m.sample.at - SAMPLES_KEPT_MS), m.sample];
  return replace(series, { node: m.node, samples }, "node", "end");
}

function matches(event: Event, filter: EventFilter): boolean {
  return (!filter.object || event.object === filter.object) && (!filter.owner || event.owner === filter.owner);
}

function prepend(data: EventPages, event: Event): EventPages {
  const [first, ...rest] = data.pages;
  if (!first || data.pages.some((p) => p.items.some((e) => e.id === event.id))) return data;
  return { ...data, pages: [{ ...first, items: [event, ...first.items] }, ...rest] };
}
