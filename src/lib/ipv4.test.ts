import { expect, test } from "bun:test";
import { contains, formatCidr, isPrivate, overlaps, parseAddress, parseCidr } from "./ipv4.ts";

const net = (text: string) => parseCidr(text)!;

test("networks are normalised", () => {
  expect(formatCidr(net("172.16.0.1/16"))).toBe("172.16.0.0/16");
  expect(formatCidr(net("255.255.255.255/32"))).toBe("255.255.255.255/32");
  expect(formatCidr(net("1.2.3.4/0"))).toBe("0.0.0.0/0");
});

test("what is no network", () => {
  for (const bad of [
    "",
    "1.2.3.4",
    "1.2.3/8",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/8/8",
    "1.2.3.256/8",
    "01.2.3.4/8",
    "1.2.3.4/08",
    " 1.2.3.4/8",
  ])
    expect(parseCidr(bad)).toBeNull();
  expect(parseAddress("1.2.3.4\n")).toBeNull();
});

test("containing and overlapping", () => {
  expect(contains(net("10.0.0.0/8"), net("10.1.0.0/16"))).toBe(true);
  expect(contains(net("10.1.0.0/16"), net("10.0.0.0/8"))).toBe(false);
  expect(overlaps(net("10.1.0.0/16"), net("10.0.0.0/8"))).toBe(true);
  expect(overlaps(net("10.1.0.0/16"), net("10.2.0.0/16"))).toBe(false);
  expect(overlaps(net("0.0.0.0/0"), net("192.0.2.0/24"))).toBe(true);
});

test("private", () => {
  expect(["10.0.0.0/8", "172.31.0.0/16", "100.64.0.0/10"].map((t) => isPrivate(net(t)))).toEqual([true, true, true]);
  expect(["172.32.0.0/16", "172.0.0.0/8", "8.8.8.0/24"].map((t) => isPrivate(net(t)))).toEqual([false, false, false]);
});
