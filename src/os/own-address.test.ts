import { expect, test } from "bun:test";
import { ownAddress } from "./own-address.ts";

const facts = {
  routes: [
    { net: "192.0.2.0/24", device: "eth0" },
    { net: "0.0.0.0/0", device: "eth0" },
  ],
  addresses: [
    { address: "127.0.0.1", cidr: "127.0.0.1/8", device: "lo" },
    { address: "198.51.100.7", cidr: "198.51.100.7/24", device: "eth1" },
    { address: "192.0.2.2", cidr: "192.0.2.2/24", device: "eth0" },
  ],
};

test("the address of the named device, else of the one that leads out, else loopback", () => {
  expect(ownAddress(facts, "eth1")).toBe("198.51.100.7");
  expect(ownAddress(facts, null)).toBe("192.0.2.2");
  expect(ownAddress(facts, "gone0")).toBe("127.0.0.1");
  expect(ownAddress({ routes: [], addresses: [] }, null)).toBe("127.0.0.1");
});
