import { expect, test } from "bun:test";
import { basename } from "node:path";
import { files, linesMatching, read } from "./tree.ts";

const BINARY = /\.(png|jpe?g|ico|woff2?|gz|zst|pdf)$/;
const texts = files.filter((f) => !BINARY.test(f));

// Written in pieces, so that this file does not name what it forbids.
const REGISTRIES = ["npmjs", "debian", "ubuntu", "nodesource", "pypi", "crates", "rubygems"].map(
  (name) => `${name}\\.(org|com|io)`,
);
const HOSTS = new RegExp(`(registry|deb|security|archive|snapshot|static)\\.?[a-z.]*(${REGISTRIES.join("|")})`, "i");
const PATHS = new RegExp(`/${"work"}/(main|shared|steering|\\.library)|/${"farm"}/|/tmp/[a-z]*\\.(log|lock)\\b`);

test("no file names the host of a package registry", () => {
  expect(texts.flatMap((f) => linesMatching(f, read(f), HOSTS))).toEqual([]);
});

test("no file knows a path of one machine", () => {
  expect(texts.flatMap((f) => linesMatching(f, read(f), PATHS))).toEqual([]);
});

test("no file holds both sides of a merge", () => {
  const marks = /^(<{7} |={7}$|>{7} )/m;
  expect(texts.flatMap((f) => linesMatching(f, read(f), marks))).toEqual([]);
});

test("files are named by what they are", () => {
  const vague = /(^|[-_])(utils?|helpers?|manager|common|misc)(\.test)?\.[a-z]+$/i;
  expect(files.filter((f) => vague.test(basename(f)))).toEqual([]);
});

test("nothing is left for later, and no test is switched off", () => {
  const marks = new RegExp(`\\b(${["TO-DO", "FIX-ME", "X-XX"].map((w) => w.replace("-", "")).join("|")})\\b`);
  const off = /\b(test|it|describe)\.(skip|todo|only)\(/;
  const code = texts.filter((f) => /\.(tsx?|sh|sql|css)$/.test(f));
  expect(code.flatMap((f) => [...linesMatching(f, read(f), marks), ...linesMatching(f, read(f), off)])).toEqual([]);
});
