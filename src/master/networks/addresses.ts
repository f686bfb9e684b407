import type { Cidr } from "../../lib/ipv4.ts";

/** The lowest `count` addresses of a subnet that nobody has. null: there are not so many. */
export function freeAddresses(
  subnet: Cidr,
  gateway: number,
  used: ReadonlySet<number>,
  count: number,
): number[] | null {
  const found: number[] = [];
  const broadcast = subnet.base + 2 ** (32 - subnet.prefix) - 1;
  for (let a = subnet.base + 1; a < broadcast && found.length < count; a++) {
    if (a !== gateway && !used.has(a)) found.push(a);
  }
  return found.length === count ? found : null;
}

/** Locally administered, made from the address: unique because the address is. */
export function macOf(address: number): string {
  const bytes = [0x02, 0xdc, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
  return bytes.map((b) => b.toString(16).padStart(2, "0")).join(":");
}
