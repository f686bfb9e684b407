import { expect, test } from "bun:test";
import type { Role } from "../../contracts/public/index.ts";
import type { PersonActor } from "../accounts/actor.ts";
import { type Reader, Readers } from "./readers.ts";

const actor = (id: string, role: Role = "user") => ({ kind: "person", person: { id, role } }) as unknown as PersonActor;
const reader = (id: string, role?: Role): Reader => ({ actor: actor(id, role), send: () => {}, close: () => {} });

test("what is one person's is near that person and the admins, each once", () => {
  const readers = new Readers();
  const [ann, again, bob, root] = [reader("ann"), reader("ann"), reader("bob"), reader("root", "admin")];
  for (const r of [ann, again, bob, root]) readers.add(r);
  expect(readers.near({ owner: "ann" })).toEqual([ann, again, root]);
  expect(readers.near({ owner: "root" })).toEqual([root]);
  expect(readers.near({ owner: null })).toEqual([root]);
  expect(readers.near("everyone")).toHaveLength(4);
  expect([readers.size, readers.of("ann"), readers.of("eve")]).toEqual([4, 2, 0]);
  expect(readers.delete(again)).toBe(true);
  expect(readers.delete(again)).toBe(false);
  expect(readers.near({ owner: "ann" })).toEqual([ann, root]);
});

test("who becomes an admin, or is one no more, is found in the other place", () => {
  const readers = new Readers();
  const bob = reader("bob");
  readers.add(bob);
  readers.update(bob, actor("bob", "admin"));
  expect(readers.near({ owner: "ann" })).toEqual([bob]);
  readers.update(bob, actor("bob"));
  expect(readers.near({ owner: "ann" })).toEqual([]);
  expect(readers.near({ owner: "bob" })).toEqual([bob]);
});
