import { writeFileSync } from "node:fs";

/** Settings of the running kernel that docklet's networks need; everything else is `docklet doctor`'s business. */

export function enableForwarding(): void {
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
}

/** No IPv6 address on an interface of the host: nothing inside a node can then speak IPv6 to the host. */
export function disableIpv6(ifname: string): void {
  writeFileSync(`/proc/sys/net/ipv6/conf/${ifname}/disable_ipv6`, "1");
}

/** The host answers there only for the address that it has there, so nobody can ask around for its other ones. */
export function answerOwnAddressOnly(ifname: string): void {
  writeFileSync(`/proc/sys/net/ipv4/conf/${ifname}/arp_ignore`, "1");
}
