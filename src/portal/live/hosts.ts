import type { QueryClient } from "@tanstack/react-query";
import type { Host, HostNode, HostSample, Vcluster } from "../../contracts/public/index.ts";
import { keys } from "../app/queries.ts";
import { serverNow } from "./clock.ts";
import { replace } from "./list.ts";

const SAMPLES_KEPT_MS = 3_600_000;
/** Frames that come closer together than this are one point of a chart. */
const SAMPLE_GAP_MS = 2000;

/** A host as it is now: in the list, on its page and at the end of its charts. */
export function putHost(cache: QueryClient, host: Host): void {
  const list = cache.getQueryData<Host[]>(keys.hosts);
  // Removed, and nothing is left of it: gone. Otherwise it stays in sight until its last node is deleted.
  if (isGone(host)) {
    cache.setQueryData(
      keys.hosts,
      list?.filter((h) => h.name !== host.name),
    );
  } else if (list) cache.setQueryData(keys.hosts, replace(list, host, "name", "end"));
  cache.setQueryData(keys.host(host.name), (known: Host | undefined) => known && host);
  if (host.state === "removed" || (list && !list.some((h) => h.name === host.name)))
    void cache.invalidateQueries({ queryKey: keys.joinTokens });
  if (isMeasured(host))
    cache.setQueryData(
      keys.hostMetrics(host.name),
      (samples: HostSample[] | undefined) => samples && addHostSample(samples, { at: serverNow(), ...host.used }),
    );
}

/** Is what it uses known at this moment? Otherwise it is what was heard last, or nothing. */
export function isMeasured(host: Pick<Host, "state" | "bootedAt">): boolean {
  return host.state !== "unreachable" && host.state !== "removed" && host.bootedAt > 0;
}

export function isGone(host: Pick<Host, "state" | "nodes">): boolean {
  return host.state === "removed" && host.nodes === 0;
}

/** Appends what was measured now; what is older than an hour is forgotten. */
export function addHostSample(samples: HostSample[], sample: HostSample): HostSample[] {
  const last = samples.at(-1);
  if (last && sample.at - last.at < SAMPLE_GAP_MS) return samples;
  return [...samples.filter((s) => s.at > sample.at - SAMPLES_KEPT_MS), sample];
}

/** What runs on the hosts that are on screen follows the clusters. */
export function placeOnHosts(cache: QueryClient, vc: Vcluster): void {
  for (const [key, list] of cache.getQueriesData<HostNode[]>({ queryKey: ["host-nodes"] })) {
    if (!list) continue;
    const next = withVcluster(list, key[1] as string, vc);
    if (next !== list) cache.setQueryData(key, next);
  }
}

export function dropFromHosts(cache: QueryClient, gone: { owner: string; name: string }): void {
  for (const [key, list] of cache.getQueriesData<HostNode[]>({ queryKey: ["host-nodes"] }))
    if (list?.some((n) => isOf(n, gone)))
      cache.setQueryData(
        key,
        list.filter((n) => !isOf(n, gone)),
      );
  askForRemovedHosts(cache);
}

/** Nobody tells when the last node of a removed host is gone, and with it the host: so it is asked. */
export function askForRemovedHosts(cache: QueryClient): void {
  if (cache.getQueryData<Host[]>(keys.hosts)?.some((h) => h.state === "removed"))
    void cache.invalidateQueries({ queryKey: keys.hosts });
}

/** The nodes of a host, with those of one vcluster as they are now. The same list when nothing of it concerns the host. */
export function withVcluster(list: HostNode[], host: string, vc: Vcluster): HostNode[] {
  const before = list.filter((n) => isOf(n, vc));
  const now = vc.nodes
    .filter((n) => n.host === host)
    .map(({ name, state, size, why }) => ({ owner: vc.owner, vcluster: vc.name, node: name, state, size, why }));
  if (before.length === 0 && now.length === 0) return list;
  const at = list.findIndex((n) => isOf(n, vc));
  const others = list.filter((n) => !isOf(n, vc));
  return at === -1 ? [...others, ...now] : [...others.slice(0, at), ...now, ...others.slice(at)];
}

function isOf(n: HostNode, vc: { owner: string; name: string }): boolean {
  return n.owner === vc.owner && n.vcluster === vc.name;
}
