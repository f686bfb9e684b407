import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "../../lib/x509.ts";
import { newKey } from "../../worker/agent/identity.ts";
import { Authority, HOST_LIFE, readRequest } from "./authority.ts";

const NOW = 1_800_000_000_000;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docklet-ca-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = () => join(dir, "identity/authority.pem");

test("it is made once, for root alone, and is the same after a restart", async () => {
  const first = await Authority.open(file(), NOW);
  const again = await Authority.open(file(), NOW + 1e9);
  expect(again.fingerprint).toBe(first.fingerprint);
  expect(again.cluster).toBe(first.cluster);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, "identity")).mode & 0o777).toBe(0o700);
  const { pem } = await first.issue((await newKey()).csr, "hostaa", "worker", NOW);
  expect(await again.read(new Uint8Array(new X509Certificate(pem).rawData))).toMatchObject({ host: "hostaa" });
});

test("a file that is damaged is said to be, and not replaced", async () => {
  await Authority.open(file(), NOW);
  const half = readFileSync(file(), "utf8").slice(0, 500);
  writeFileSync(file(), half);
  await expect(Authority.open(file(), NOW)).rejects.toMatchObject({
    code: "invalid",
    message: expect.stringContaining(file()),
  });
  expect(readFileSync(file(), "utf8")).toBe(half);
});

test("what it issues says who it is for, whatever the request said", async () => {
  const ca = await Authority.open(file(), NOW);
  const { pem, serial, expiresAt } = await ca.issue((await newKey()).csr, "hostaa", "worker", NOW);
  const c = new X509Certificate(pem);
  expect(c.subject).toBe(`CN=hostaa, OU=worker, O=${ca.cluster}`);
  expect(await ca.read(new Uint8Array(c.rawData))).toEqual({
    serial,
    host: "hostaa",
    role: "worker",
    cluster: ca.cluster,
    expiresAt,
  });
  expect(expiresAt).toBe(NOW + HOST_LIFE);
  // A clock that is an hour behind takes it too.
  expect(c.notBefore.getTime()).toBeLessThan(NOW - 3_600_000);
  expect(c.getExtension("2.5.29.19")).toMatchObject({ ca: false });
});

test("another authority's signature, or none, is nothing to it", async () => {
  const ca = await Authority.open(file(), NOW);
  const other = await Authority.open(join(dir, "other.pem"), NOW);
  const { pem } = await other.issue((await newKey()).csr, "hostaa", "worker", NOW);
  const raw = new Uint8Array(new X509Certificate(pem).rawData);
  expect(await ca.read(raw)).toBeNull();
  expect(await ca.read(new Uint8Array(0))).toBeNull();
  const { pem: own } = await ca.issue((await newKey()).csr, "hostaa", "worker", NOW);
  const touched = new Uint8Array(new X509Certificate(own).rawData);
  // Somewhere inside the subject: another host's name under the same signature.
  const at = Buffer.from(touched).indexOf("hostaa");
  touched[at + 5] = "b".charCodeAt(0);
  expect(await ca.read(touched)).toBeNull();
});

test("a request must be signed with the key that it brings", async () => {
  const { csr } = await newKey();
  expect((await readRequest(csr)).hash).toMatch(/^[0-9a-f]{64}$/);
  const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ""), "base64");
  der[der.length - 1]! ^= 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----`;
  for (const bad of [forged, "", "x".repeat(5000)])
    await expect(readRequest(bad)).rejects.toMatchObject({ code: "bad_request" });
});
