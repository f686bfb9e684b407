import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { Me } from "../../contracts/public/index.ts";
import { Loading } from "../components/QueryGate.tsx";
import { LoginPage } from "../pages/LoginPage.tsx";
import { NotFound } from "../pages/NotFound.tsx";
import { OverviewPage } from "../pages/OverviewPage.tsx";
import { safeNext } from "./nextPath.ts";
import { hasCode } from "./problem.ts";
import { meQuery } from "./queries.ts";
import { RouteTrouble } from "./RouteTrouble.tsx";
import { Shell } from "./Shell.tsx";
import { parseSearch, stringifySearch, text } from "./search.ts";

interface Context {
  cache: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (s: Record<string, unknown>) => ({ next: text(s.next) }),
  beforeLoad: async ({ context, search }) => {
    const me = await whoAmI(context.cache);
    if (me) throw redirect({ href: safeNext(search.next) });
  },
  component: LoginPage,
});

/** Everything below needs a session; without one it leads to the login and back. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ context, location }) => {
    const me = await whoAmI(context.cache);
    if (!me) throw redirect({ to: "/login", search: { next: location.href === "/" ? undefined : location.href } });
  },
  component: Shell,
});

const overview = createRoute({ getParentRoute: () => inside, path: "/", component: OverviewPage });

const ownerSearch = (s: Record<string, unknown>) => ({ owner: text(s.owner), tab: text(s.tab) });
const vcluster = createRoute({
  getParentRoute: () => inside,
  path: "/vclusters/$name",
  validateSearch: ownerSearch,
  component: lazyRouteComponent(() => import("../pages/VclusterPage.tsx"), "VclusterPage"),
});
const terminal = createRoute({
  getParentRoute: () => inside,
  path: "/vclusters/$name/terminal",
  validateSearch: (s: Record<string, unknown>) => ({ owner: text(s.owner), node: text(s.node) }),
  component: lazyRouteComponent(() => import("../pages/TerminalPage.tsx"), "TerminalPage"),
});
const open = createRoute({
  getParentRoute: () => inside,
  path: "/open",
  validateSearch: (s: Record<string, unknown>) => ({
    slug: text(s.slug),
    path: text(s.path),
    vcluster: text(s.vcluster),
    owner: text(s.owner),
    node: text(s.node),
    port: text(s.port),
  }),
  component: lazyRouteComponent(() => import("../pages/OpenPage.tsx"), "OpenPage"),
});
const account = createRoute({
  getParentRoute: () => inside,
  path: "/account",
  validateSearch: (s: Record<string, unknown>) => ({ tab: text(s.tab) }),
  component: lazyRouteComponent(() => import("../pages/AccountPage.tsx"), "AccountPage"),
});

const admin = createRoute({
  getParentRoute: () => inside,
  path: "/admin",
  beforeLoad: ({ context, location }) => {
    const me = context.cache.getQueryData<Me>(meQuery.queryKey);
    if (me?.user.role !== "admin") throw redirect({ to: "/" });
    if (location.pathname.replace(/\/$/, "") === "/admin") throw redirect({ to: "/admin/users" });
  },
});
const users = createRoute({
  getParentRoute: () => admin,
  path: "/users",
  component: lazyRouteComponent(() => import("../pages/admin/UsersPage.tsx"), "UsersPage"),
});
const groups = createRoute({
  getParentRoute: () => admin,
  path: "/groups",
  component: lazyRouteComponent(() => import("../pages/admin/GroupsPage.tsx"), "GroupsPage"),
});
const clusters = createRoute({
  getParentRoute: () => admin,
  path: "/clusters",
  component: lazyRouteComponent(() => import("../pages/admin/ClustersPage.tsx"), "ClustersPage"),
});
const hosts = createRoute({
  getParentRoute: () => admin,
  path: "/hosts",
  component: lazyRouteComponent(() => import("../pages/admin/HostsPage.tsx"), "HostsPage"),
});
const host = createRoute({
  getParentRoute: () => admin,
  path: "/hosts/$host",
  component: lazyRouteComponent(() => import("../pages/admin/HostPage.tsx"), "HostPage"),
});
const images = createRoute({
  getParentRoute: () => admin,
  path: "/images",
  component: lazyRouteComponent(() => import("../pages/admin/ImagesPage.tsx"), "ImagesPage"),
});
const events = createRoute({
  getParentRoute: () => admin,
  path: "/events",
  validateSearch: (s: Record<string, unknown>) => ({ object: text(s.object), owner: text(s.owner) }),
  component: lazyRouteComponent(() => import("../pages/admin/EventsPage.tsx"), "EventsPage"),
});
const config = createRoute({
  getParentRoute: () => admin,
  path: "/config",
  component: lazyRouteComponent(() => import("../pages/admin/ConfigPage.tsx"), "ConfigPage"),
});

const tree = root.addChildren([
  login,
  inside.addChildren([
    overview,
    vcluster,
    terminal,
    open,
    account,
    admin.addChildren([users, groups, clusters, hosts, host, images, events, config]),
  ]),
]);

async function whoAmI(cache: QueryClient): Promise<Me | null> {
  try {
    return await cache.ensureQueryData(meQuery);
  } catch (e) {
    if (hasCode(e, "unauthenticated")) return null;
    throw e;
  }
}

export function createPortalRouter(cache: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { cache },
    parseSearch,
    stringifySearch,
    defaultErrorComponent: RouteTrouble,
    defaultPendingComponent: () => <Loading rows={4} />,
    defaultNotFoundComponent: NotFound,
    defaultPreload: "intent",
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPortalRouter>;
  }
}
