import { TUNNEL_OVERHEAD, USUAL_MTU } from "../../contracts/worker.ts";
import { parseAddress } from "../../lib/ipv4.ts";
import type { Reader } from "../../store/store.ts";
import type { Change } from "../change.ts";
import { raise } from "../vclusters/desire.ts";

/** Where a host is in the network that joins the hosts, by its own last report. */
export interface Place {
  address: string;
  mtu: number;
}

/** Jumbo frames at most: a loopback device would promise 65 536. */
const LARGEST_MTU = 9000;

const COLUMNS = "name, json_extract(report, '$.address') AS address, json_extract(report, '$.mtu') AS mtu";

interface PlaceRow {
  name: string;
  address: string | null;
  mtu: number | null;
}

/** Places of the hosts that a vcluster has nodes on, and of the gateway's, as far as they are known. */
export function placesOf(db: Reader, vcluster: string, gateway: string | null): Map<string, Place> {
  const rows = db.all<PlaceRow>(
    `SELECT ${COLUMNS} FROM hosts WHERE name IN (SELECT host FROM nodes WHERE vcluster = $vcluster UNION SELECT $gateway)`,
    { vcluster, gateway },
  );
  return new Map(rows.flatMap((r) => (isPlace(r) ? [[r.name, placeOf(r)] as const] : [])));
}

export function place(db: Reader, host: string): Place | null {
  const row = db.get<PlaceRow>(`SELECT ${COLUMNS} FROM hosts WHERE name = $host`, { host });
  return row && isPlace(row) ? placeOf(row) : null;
}

/**
 * What fits through a tunnel between any two of these hosts. A vcluster on one host gets no more: it could not grow to a
 * second one otherwise without a change under its open connections.
 */
export function tunnelMtu(places: Iterable<Place>): number {
  const known = [...places].map((p) => p.mtu);
  return Math.min(LARGEST_MTU, ...(known.length > 0 ? known : [USUAL_MTU])) - TUNNEL_OVERHEAD;
}

/** A host has moved, or its network carries less or more: everybody who shares a vcluster with it must know. */
export function rejoin(c: Change, host: string, before: Place | null, gateway: string | null): void {
  const after = place(c.tx, host);
  if (before?.address === after?.address && before?.mtu === after?.mtu) return;
  const ids = c.tx.all<{ id: string }>(
    "SELECT id FROM vclusters WHERE $all OR id IN (SELECT vcluster FROM nodes WHERE host = $host)",
    { all: host === gateway ? 1 : 0, host },
  );
  for (const { id } of ids) raise(c, id);
}

const isPlace = (r: PlaceRow): r is PlaceRow & { address: string } =>
  r.address !== null && parseAddress(r.address) !== null;
const placeOf = (r: PlaceRow & { address: string }): Place => ({ address: r.address, mtu: r.mtu ?? USUAL_MTU });
