import { Menu, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconKey, IconLogout, IconUserCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useAction } from "../components/useAction.ts";
import { api } from "./api.ts";
import { useMe } from "./useMe.ts";

export function UserMenu() {
  const me = useMe();
  const logout = useAction({
    run: () => api.logout(),
    failed: "You are still logged in",
    // A fresh page: nothing of this person stays in the memory of the tab.
    onDone: () => location.assign("/login"),
  });
  const name = me.user.fullName || me.user.name;
  return (
    <Menu position="bottom-end" shadow="md" width={220}>
      <Menu.Target>
        <UnstyledButton className="dk-user">
          <span className="dk-avatar" aria-hidden>
            {name.slice(0, 1).toUpperCase()}
          </span>
          <span className="dk-user-name">{name}</span>
          <span className="dk-sr">, account menu</span>
          <IconChevronDown size={15} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.user.name} · {me.user.role} · group {me.user.group}
        </Menu.Label>
        <Menu.Item
          leftSection={<IconUserCircle size={16} aria-hidden />}
          renderRoot={(props) => <Link to="/account" search={{ tab: undefined }} {...props} />}
        >
          Account
        </Menu.Item>
        <Menu.Item
          leftSection={<IconKey size={16} aria-hidden />}
          renderRoot={(props) => <Link to="/account" search={{ tab: "keys" }} {...props} />}
        >
          ssh keys
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => logout.mutate()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
