import { expect, test } from "bun:test";
import { ACTIONS, type Route, routes } from "../../src/contracts/public/routes.ts";

const all = Object.entries(routes) as [string, Route][];

test("every route asks the policy for an action that it knows", () => {
  expect(all.filter(([, r]) => !ACTIONS.includes(r.action)).map(([name]) => name)).toEqual([]);
});

test("every action is asked for by some route", () => {
  expect(ACTIONS.filter((a) => !all.some(([, r]) => r.action === a))).toEqual([]);
});

test("what changes something never asks for a right to read", () => {
  const weak = all.filter(([, r]) => r.method !== "GET" && r.action.endsWith(".read")).map(([name]) => name);
  expect(weak).toEqual([]);
});

test("no two routes share a method and a path", () => {
  const keys = all.map(([, r]) => `${r.method} ${r.path.replace(/:[a-z]+/gi, ":")}`);
  expect(keys.filter((k, i) => keys.indexOf(k) !== i)).toEqual([]);
});

test("every parameter of a path has a schema, and every route says what it does", () => {
  const bad = all.filter(([, r]) => (r.path.includes(":") && !r.params) || r.summary.length < 3).map(([name]) => name);
  expect(bad).toEqual([]);
});
