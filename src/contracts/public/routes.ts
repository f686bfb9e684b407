import { accountRoutes } from "./routes/accounts.ts";
import type { Route } from "./routes/route.ts";
import { systemRoutes } from "./routes/system.ts";
import { vclusterRoutes } from "./routes/vclusters.ts";

export { ACTIONS, type Action, type Route } from "./routes/route.ts";

/** Every route of /api/v1, by the name of its method in the client. */
export const routes = { ...accountRoutes, ...vclusterRoutes, ...systemRoutes } as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteName = keyof Routes;
