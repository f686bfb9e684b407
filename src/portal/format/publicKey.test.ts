import { expect, test } from "bun:test";
import { checkPublicKey } from "./publicKey.ts";

test("public keys pass, private ones are caught before they leave the browser", () => {
  expect(checkPublicKey("")).toBeNull();
  expect(checkPublicKey("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB ann@laptop\n")).toBeNull();
  expect(checkPublicKey("-----BEGIN OPENSSH PRIVATE KEY-----\nabc")).toContain("private half");
  expect(checkPublicKey("ssh-ed25519 AAAA\nssh-ed25519 BBBB")).toContain("one line");
  expect(checkPublicKey("hello")).toContain("not an OpenSSH public key");
});
