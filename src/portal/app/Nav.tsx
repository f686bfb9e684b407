import {
  IconAdjustments,
  IconBoxMultiple,
  IconHistory,
  IconLayoutGrid,
  IconPhoto,
  IconScale,
  IconServer2,
  IconUserCircle,
  IconUsers,
} from "@tabler/icons-react";
import { Link, type LinkProps } from "@tanstack/react-router";
import { useMe } from "./useMe.ts";

interface Item {
  to: NonNullable<LinkProps["to"]>;
  label: string;
  Icon: typeof IconUsers;
}
const MINE: Item[] = [
  { to: "/", label: "Overview", Icon: IconLayoutGrid },
  { to: "/account", label: "Account", Icon: IconUserCircle },
];
const ADMIN: Item[] = [
  { to: "/admin/users", label: "Users", Icon: IconUsers },
  { to: "/admin/groups", label: "Groups and quotas", Icon: IconScale },
  { to: "/admin/clusters", label: "All clusters", Icon: IconBoxMultiple },
  { to: "/admin/hosts", label: "Hosts", Icon: IconServer2 },
  { to: "/admin/images", label: "Images", Icon: IconPhoto },
  { to: "/admin/events", label: "Events", Icon: IconHistory },
  { to: "/admin/config", label: "Configuration", Icon: IconAdjustments },
];

export function Nav() {
  const me = useMe();
  return (
    <div className="dk-nav">
      <NavList items={MINE} />
      {me.user.role === "admin" && (
        <>
          <h2 className="dk-nav-head" id="nav-admin">
            Administration
          </h2>
          <NavList items={ADMIN} labelledBy="nav-admin" />
        </>
      )}
      <div className="dk-nav-foot">docklet {me.version}</div>
    </div>
  );
}

function NavList({ items, labelledBy }: { items: Item[]; labelledBy?: string }) {
  return (
    <ul aria-labelledby={labelledBy}>
      {items.map(({ to, label, Icon }) => (
        <li key={to}>
          <Link
            to={to}
            activeOptions={{ exact: to === "/", includeSearch: false }}
            activeProps={{ "aria-current": "page" }}
          >
            <Icon size={19} aria-hidden stroke={1.7} />
            {label}
          </Link>
        </li>
      ))}
    </ul>
  );
}
