/** IPv4 addresses and networks as numbers. `base` is always the network's own address. */
export interface Cidr {
  base: number;
  prefix: number;
}

const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ADDRESS = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

export function parseAddress(text: string): number | null {
  const m = ADDRESS.exec(text);
  return m ? ((Number(m[1]) << 24) | (Number(m[2]) << 16) | (Number(m[3]) << 8) | Number(m[4])) >>> 0 : null;
}

export function formatAddress(n: number): string {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join(".");
}

export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
}

/** `172.16.0.1/16` is 172.16.0.0/16: host bits are dropped. null: not a network. */
export function parseCidr(text: string): Cidr | null {
  const [address, prefix, ...rest] = text.split("/");
  const n = parseAddress(address ?? "");
  if (n === null || rest.length > 0 || !/^(?:[0-9]|[12][0-9]|3[0-2])$/.test(prefix ?? "")) return null;
  return { base: (n & maskOf(Number(prefix))) >>> 0, prefix: Number(prefix) };
}

export function formatCidr(c: Cidr): string {
  return `${formatAddress(c.base)}/${c.prefix}`;
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.prefix >= outer.prefix && (inner.base & maskOf(outer.prefix)) >>> 0 === outer.base;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return contains(a, b) || contains(b, a);
}

/** Networks that nobody meets on the internet: RFC 1918 and the shared space of RFC 6598. */
export const PRIVATE_NETS: readonly Cidr[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(
  (t) => parseCidr(t)!,
);

export function isPrivate(c: Cidr): boolean {
  return PRIVATE_NETS.some((net) => contains(net, c));
}
