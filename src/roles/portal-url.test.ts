import { expect, test } from "bun:test";
import { portalUrl } from "./portal-url.ts";

const none = { PORTAL_URL: null, PUBLIC_IP: null, NETWORK_DEVICE: null, NGINX_PORT: 8080, WORKSPACE_DOMAIN: null };

test("what is set wins, then the name that people came by, then the public address", () => {
  const set = { ...none, PORTAL_URL: "https://cloud.example" };
  expect(portalUrl(set, "other.example:8000")).toBe("https://cloud.example");
  expect(portalUrl(none, "lab.example:8000")).toBe("http://lab.example:8080");
  expect(portalUrl(none, "[2001:db8::1]:8000")).toBe("http://[2001:db8::1]:8080");
  expect(portalUrl({ ...none, PUBLIC_IP: "203.0.113.9" })).toBe("http://203.0.113.9:8080");
});

test("a workspace's own name under a wildcard domain is not the portal's", () => {
  const wild = { ...none, WORKSPACE_DOMAIN: "w.example", PUBLIC_IP: "203.0.113.9" };
  expect(portalUrl(wild, "abcdefghij.w.example")).toBe("http://203.0.113.9:8080");
});

test("nothing set and nobody asking: an address of this very host", () => {
  expect(portalUrl(none)).toMatch(/^http:\/\/\d+\.\d+\.\d+\.\d+:8080$/);
});
