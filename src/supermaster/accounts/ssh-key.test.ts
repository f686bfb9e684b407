import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { parseSshKey } from "./ssh-key.ts";

const str = (s: string | Buffer) => {
  const b = Buffer.from(s as string);
  const len = Buffer.alloc(4);
  len.writeUInt32BE(b.length);
  return Buffer.concat([len, b]);
};
const line = (type: string, ...parts: (string | Buffer)[]) =>
  `${type} ${Buffer.concat([str(type), ...parts.map(str)]).toString("base64")}`;
const made = (type: "ed25519" | "ecdsa" | "rsa", bits?: number) =>
  ssh2.utils.generateKeyPairSync(type, { ...(bits ? { bits } : {}), comment: "me@home" } as never).public;

const ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

describe("keys that real programs make", () => {
  test("ed25519, with its comment and the fingerprint of ssh-keygen", () => {
    expect(parseSshKey(`  ${ED} me@home \n`)).toEqual({
      type: "ssh-ed25519",
      fingerprint: "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
      line: ED,
      comment: "me@home",
    });
  });
  test("ecdsa of all three curves", () => {
    for (const bits of [256, 384, 521]) expect(parseSshKey(made("ecdsa", bits)).type).toBe(`ecdsa-sha2-nistp${bits}`);
  });
  test("rsa of 2048 bits", () => {
    expect(parseSshKey(made("rsa", 2048)).type).toBe("ssh-rsa");
  });
  test("security keys", () => {
    const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]);
    expect(parseSshKey(line("sk-ssh-ed25519@openssh.com", Buffer.alloc(32, 1), "ssh:")).comment).toBe("");
    expect(parseSshKey(line("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point, "ssh:work")).comment).toBe("");
  });
});

describe("what is refused, each with a reason", () => {
  const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  const number = (v: string) => {
    const b = Buffer.from(v, "base64url");
    return b[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), b]) : b;
  };
  const cases: [string, string, RegExp][] = [
    ["options before the type", `command="/bin/sh" ${ED}`, /no key type/],
    ["a second line", `${ED}\n${ED}`, /one line/],
    ["a newline that hides options", `${ED} x\ncommand="id" ${ED}`, /one line/],
    ["another type than it says", ED.replace("ssh-ed25519", "ssh-rsa"), /one type and contains another/],
    ["dsa", "ssh-dss AAAAB3NzaC1kc3MAAACBAP", /no key type/],
    ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA", /no key type/],
    ["rsa of 1024 bits", line("ssh-rsa", number(small.e!), number(small.n!)), /1024 bits/],
    [
      "bytes after the key",
      `ssh-ed25519 ${Buffer.concat([Buffer.from(ED.split(" ")[1]!, "base64"), Buffer.from("x")]).toString("base64")}`,
      /more in it/,
    ],
    ["a key cut short", `${ED.slice(0, 50)}AA==`, /cut short|base64/],
    ["a length that lies", line("ssh-ed25519", Buffer.alloc(31)), /32 bytes/],
    ["a point off the format", line("ecdsa-sha2-nistp256", "nistp256", Buffer.alloc(65, 2)), /point/],
    ["another curve", line("ecdsa-sha2-nistp256", "nistp384", Buffer.alloc(97, 4)), /curve/],
    ["signs that are no base64", "ssh-ed25519 !!!!", /base64/],
    ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", /private key/],
    ["nothing", "   ", /no key type/],
    ["an even modulus", line("ssh-rsa", Buffer.from([3]), Buffer.alloc(256, 2)), /RSA/],
  ];
  for (const [name, text, why] of cases) {
    test(name, () => {
      expect(() => parseSshKey(text)).toThrow(why);
    });
  }
});

test("the line for authorized_keys never carries the comment", () => {
  expect(parseSshKey(`${ED} permitopen="x" $(reboot)`).line).toBe(ED);
});
