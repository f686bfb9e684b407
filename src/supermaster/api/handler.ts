import type { z } from "zod";
import type { RouteName, Routes } from "../../contracts/public/index.ts";
import type { Ask } from "./ask.ts";

type Field<R, K extends string> = R extends { [P in K]: infer T extends z.ZodType } ? z.output<T> : undefined;

/** A route's input after zod, typed by the table. */
export interface Input<R> {
  params: Field<R, "params">;
  query: Field<R, "query">;
  body: Field<R, "body">;
}

export type Output<R> = R extends { response: infer T extends z.ZodType } ? z.input<T> : unknown;

/** What answers a route. By then the policy has said that the actor may try. */
export type Handler<R> = (ask: Ask, input: Input<R>) => Output<R> | Promise<Output<R>>;

/** Routes that are no JSON are mounted apart. */
type Streams = { [N in RouteName]: Routes[N] extends { stream: string } ? N : never }[RouteName];
export type JsonRoute = Exclude<RouteName, Streams>;
export type Handlers<N extends JsonRoute = JsonRoute> = { [K in N]: Handler<Routes[K]> };
