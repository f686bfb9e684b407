import type { z } from "zod";
import { type Route, type RouteName, type Routes, routes } from "./routes.ts";
import type { Problem } from "./system.ts";

type Field<R, K extends string> = R extends { [P in K]: infer T extends z.ZodType } ? z.input<T> : undefined;
type Input<R> = (R extends { params: infer T extends z.ZodType } ? { params: z.input<T> } : { params?: undefined }) &
  (R extends { body: infer T extends z.ZodType } ? { body: z.input<T> } : { body?: undefined }) & {
    query?: Field<R, "query">;
    signal?: AbortSignal;
  };
type Output<R> = R extends { response: infer T extends z.ZodType } ? z.output<T> : undefined;

/** Arguments may be left out altogether where a route needs none. */
type Args<R> = R extends { params: z.ZodType } | { body: z.ZodType } ? [Input<R>] : [Input<R>?];
export type Client = { [N in RouteName]: (...args: Args<Routes[N]>) => Promise<Output<Routes[N]>> };

/** An answer that was not 2xx, as the server explained it. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
    this.name = "ApiError";
  }
}

export type Transport = (
  path: string,
  init: { method: string; body?: string; headers: Record<string, string>; signal?: AbortSignal },
) => Promise<Response>;

/** A typed client over the route table. `transport` adds the address and the credentials. */
export function createClient(transport: Transport): Client {
  const call =
    (route: Route) =>
    async (
      input: {
        params?: Record<string, string>;
        query?: Record<string, unknown>;
        body?: unknown;
        signal?: AbortSignal;
      } = {},
    ) => {
      const init = { method: route.method, headers: {} as Record<string, string> } as Parameters<Transport>[1];
      if (input.body !== undefined) {
        init.body = JSON.stringify(input.body);
        init.headers["content-type"] = "application/json";
      }
      if (input.signal) init.signal = input.signal;
      const res = await transport(`/api/v1${fillPath(route.path, input.params)}${queryString(input.query)}`, init);
      if (!res.ok) throw new ApiError(await problemOf(res));
      return route.response === null || res.status === 204 ? undefined : await res.json();
    };
  return Object.fromEntries(
    Object.entries(routes).map(([name, route]) => [name, call(route as Route)]),
  ) as unknown as Client;
}

export function fillPath(path: string, params: Record<string, string> = {}): string {
  return path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ""));
}

export function queryString(query: Record<string, unknown> | undefined): string {
  const entries = Object.entries(query ?? {}).filter(([, v]) => v !== undefined && v !== "");
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries.map(([k, v]) => [k, String(v)]))}`;
}

async function problemOf(res: Response): Promise<Problem> {
  const text = await res.text();
  try {
    const p = JSON.parse(text) as Partial<Problem>;
    if (typeof p.code === "string") return p as Problem;
  } catch {
    // Not ours: something between us and docklet answered.
  }
  return {
    type: "about:blank",
    title: res.statusText,
    status: res.status,
    code: "internal",
    message: `The server answered ${res.status}.`,
    hint: text.slice(0, 200),
    requestId: res.headers.get("x-request-id") ?? "",
  };
}
