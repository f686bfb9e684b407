import { type Route, type RouteName, routes } from "../../contracts/public/index.ts";

export const API = "/api/v1";
export const ROUTES = Object.entries(routes) as [RouteName, Route][];

const patterns = ROUTES.map(([, r]) => ({
  method: r.method,
  path: new RegExp(`^${API}${r.path.replace(/:\w+/g, "[^/]+")}$`),
}));

/** The methods that an address knows. Empty: there is no such address. */
export function methodsOf(path: string): string[] {
  return [...new Set(patterns.filter((p) => p.path.test(path)).map((p) => p.method))];
}
