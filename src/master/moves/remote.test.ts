import { afterAll, beforeAll } from "bun:test";
import { Stage } from "../../../test/kit/master-stage.ts";

/** Nodes that move between hosts on the other side of TLS: the same tests, and the bytes over real connections. */
beforeAll(() => {
  Stage.remote = true;
});
afterAll(() => {
  Stage.remote = false;
});

for (const suite of ["moves", "drain"]) await import(`./${suite}.test.ts?remote`);
