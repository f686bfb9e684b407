import type { HostFacts } from "./host-facts.ts";

/** The address under which this host is most likely reached: that of `device`, or of the default route's device. */
export function ownAddress(
  { routes, addresses }: Pick<HostFacts, "routes" | "addresses">,
  device: string | null,
): string {
  const outward = device ?? routes.find((r) => r.net === "0.0.0.0/0")?.device;
  return addresses.find((a) => a.device === outward)?.address ?? "127.0.0.1";
}
