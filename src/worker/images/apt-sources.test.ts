import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSettings, hostAptSources, nodeSettings, openLines, openStanzas, signedBy } from "./apt-sources.ts";

let etc: string;
beforeEach(() => {
  etc = mkdtempSync(join(tmpdir(), "apt-"));
  mkdirSync(join(etc, "sources.list.d"));
  mkdirSync(join(etc, "auth.conf.d"));
});
afterEach(() => rmSync(etc, { recursive: true }));

const any = () => true;

describe("the host's apt sources", () => {
  test("are taken over with their keys, without what nodes cannot use", async () => {
    writeFileSync(join(etc, "key.gpg"), "KEY");
    writeFileSync(
      join(etc, "sources.list"),
      [
        "# a comment",
        "deb cdrom:[Debian]/ bookworm main",
        `deb [arch=amd64 signed-by=${etc}/key.gpg] http://mirror.example/debian bookworm main`,
        "deb https://closed.example/debian bookworm main",
        "",
      ].join("\n"),
    );
    writeFileSync(join(etc, "auth.conf.d/closed.conf"), "machine closed.example login a password b\n");
    writeFileSync(join(etc, "sources.list.d/old.sources.disabled"), "Types: deb\nURIs: http://disabled.example/\n");
    const apt = await hostAptSources(etc, async () => "");
    expect([...apt.sources.keys()]).toEqual([join(etc, "sources.list")]);
    expect([...apt.sources.values()]).toEqual([
      `deb [arch=amd64 signed-by=${etc}/key.gpg] http://mirror.example/debian bookworm main\n`,
    ]);
    expect([...apt.rest.keys()]).toContain(join(etc, "key.gpg"));
    expect([...apt.rest.keys()].some((p) => p.includes("auth.conf"))).toBe(false);
  });

  test("have a digest that follows their content", async () => {
    const before = (await hostAptSources(etc, async () => "")).digest;
    expect((await hostAptSources(etc, async () => "")).digest).toBe(before);
    writeFileSync(join(etc, "sources.list"), "deb http://mirror.example/debian bookworm main\n");
    expect((await hostAptSources(etc, async () => "")).digest).not.toBe(before);
  });
});

test("openLines keeps source and binary entries only", () => {
  expect(openLines("deb http://a/ x main\n#deb http://b/ x main\ndeb-src http://a/ x main\n\n", any)).toBe(
    "deb http://a/ x main\ndeb-src http://a/ x main\n",
  );
  expect(openLines("# nothing\n", any)).toBe("");
});

test("openStanzas drops comments and disabled stanzas", () => {
  const text = "Types: deb\n# why\nURIs: http://a/\nSuites: x\n\nTypes: deb\nURIs: http://b/\nEnabled: no\n";
  expect(openStanzas(text, any)).toBe("Types: deb\nURIs: http://a/\nSuites: x\n");
});

test("signedBy finds key files in both formats, not keys in place", () => {
  expect(signedBy("deb [signed-by=/a.gpg,/b.gpg arch=amd64] http://x/ y z")).toEqual(["/a.gpg", "/b.gpg"]);
  expect(signedBy("Signed-By: /a.gpg /b.gpg\nTypes: deb")).toEqual(["/a.gpg", "/b.gpg"]);
  expect(signedBy("Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc")).toEqual([]);
});

describe("fetch settings", () => {
  const dump = [
    'Acquire "";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::Proxy "http://me:secret@proxy.example:3128";',
    'Acquire::ftp::Proxy "http://127.0.0.1:3142";',
    'Acquire::http::Proxy-Auto-Detect "/usr/bin/detect";',
    'Acquire::Retries "3";',
    'Acquire::cdrom::mount "/media/cdrom/";',
  ].join("\n");

  test("the build uses all of them", () => {
    expect(buildSettings(dump).trim().split("\n")).toHaveLength(5);
  });

  test("nodes get neither passwords nor what is out of their reach", () => {
    const text = nodeSettings(dump);
    expect(text).toContain("proxy.example:3128");
    expect(text).toContain("Retries");
    for (const no of ["secret", "127.0.0.1", "detect", "cdrom"]) expect(text).not.toContain(no);
  });
});
