import { expect, test } from "bun:test";
import { checkAddress, joinWays, likelyAddress, sharedSettings } from "./joinLines.ts";

test("the lines carry token and address, and settings only where they are other ones", () => {
  const [install, serve] = joinWays("DK1.x.y.z", "192.0.2.10");
  expect(install!.lines).toEqual([
    "(umask 077; echo DK1.x.y.z > join-token)",
    "sudo DOCKLET_MASTER_IP=192.0.2.10 DOCKLET_JOIN_FILE=join-token ./install.sh",
    "rm join-token",
  ]);
  expect(serve!.lines[1]).toBe("sudo docklet serve --role=worker --master-ip 192.0.2.10 --join-file join-token");
  const entry = (key: string, value: string, usual: string) => ({ key, value, default: usual });
  const own = sharedSettings([
    entry("MASTER_PORT", "9555", "9000"),
    entry("CLUSTER_NET", "10.5.0.0/16", "172.16.0.1/16"),
    entry("NGINX_PORT", "80", "8080"),
  ]);
  const [other, by] = joinWays("t", "a", own);
  expect(other!.lines[1]).toContain(" DOCKLET_MASTER_PORT=9555 DOCKLET_CLUSTER_NET=10.5.0.0/16 DOCKLET_JOIN_FILE=");
  expect(by!.lines[1]).toContain(" --master-port 9555 --cluster-net 10.5.0.0/16 --join-file");
  expect(sharedSettings([entry("MASTER_PORT", "9000", "9000")])).toEqual({});
});

test("nothing that a shell would read as more than an address gets into the lines", () => {
  for (const good of ["192.0.2.10", "quay.example.org", "2001:db8::1"]) expect(checkAddress(good)).toBeNull();
  for (const bad of ["", "a b", "$(reboot)", "a;b", "a'b", "-x", "a\nb"]) expect(checkAddress(bad)).not.toBeNull();
});

test("the address is guessed from the settings, from the address bar, or from the first host", () => {
  expect(likelyAddress("portal.example", "10.0.0.1", [])).toBe("10.0.0.1");
  expect(likelyAddress("portal.example", "", [])).toBe("portal.example");
  expect(likelyAddress("[2001:db8::1]", undefined, [])).toBe("2001:db8::1");
  expect(likelyAddress("127.0.0.1", "", [{ address: "192.0.2.10" }])).toBe("192.0.2.10");
  expect(likelyAddress("localhost", "", [])).toBe("");
});
