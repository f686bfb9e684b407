/** Every page of the portal, for whoever walks them all. Placeholders in braces are filled in by the walker. */
export const PORTAL_PAGES: { name: string; path: string; who: "anonymous" | "admin" | "user" }[] = [
  { name: "login", path: "/login", who: "anonymous" },
  { name: "overview", path: "/", who: "admin" },
  { name: "vcluster", path: "/vclusters/{vcluster}", who: "admin" },
  { name: "vcluster-history", path: "/vclusters/{vcluster}?tab=history", who: "admin" },
  { name: "vcluster-settings", path: "/vclusters/{vcluster}?tab=settings", who: "admin" },
  { name: "vcluster-gone", path: "/vclusters/no-such-cluster", who: "admin" },
  { name: "terminal", path: "/vclusters/{vcluster}/terminal", who: "admin" },
  { name: "open-nothing", path: "/open", who: "admin" },
  { name: "account-password", path: "/account", who: "admin" },
  { name: "account-sessions", path: "/account?tab=sessions", who: "admin" },
  { name: "account-tokens", path: "/account?tab=tokens", who: "admin" },
  { name: "account-keys", path: "/account?tab=keys", who: "admin" },
  { name: "admin-users", path: "/admin/users", who: "admin" },
  { name: "admin-groups", path: "/admin/groups", who: "admin" },
  { name: "admin-clusters", path: "/admin/clusters", who: "admin" },
  { name: "admin-hosts", path: "/admin/hosts", who: "admin" },
  { name: "admin-host", path: "/admin/hosts/{host}", who: "admin" },
  { name: "admin-host-gone", path: "/admin/hosts/no-such-host", who: "admin" },
  { name: "admin-images", path: "/admin/images", who: "admin" },
  { name: "admin-events", path: "/admin/events", who: "admin" },
  { name: "admin-config", path: "/admin/config", who: "admin" },
  { name: "not-found", path: "/no/such/page", who: "admin" },
];

export const SCHEMES = ["light", "dark"] as const;
export const WIDTHS = [1280, 360] as const;
