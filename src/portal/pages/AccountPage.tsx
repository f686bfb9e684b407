import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMe } from "../app/useMe.ts";
import { PageHeader } from "../components/PageHeader.tsx";
import { KeysTab } from "./account/KeysTab.tsx";
import { PasswordForm } from "./account/PasswordForm.tsx";
import { SessionsTab } from "./account/SessionsTab.tsx";
import { TokensTab } from "./account/TokensTab.tsx";

const TABS = ["password", "sessions", "tokens", "keys"];

export function AccountPage() {
  const me = useMe();
  const navigate = useNavigate();
  const { tab } = useSearch({ from: "/inside/account" });
  const current = tab && TABS.includes(tab) ? tab : "password";
  return (
    <>
      <PageHeader
        title="Account"
        sub={
          <>
            {me.user.fullName && `${me.user.fullName} · `}
            {me.user.name} · {me.user.role} · group {me.user.group}
          </>
        }
      />
      <Tabs
        value={current}
        onChange={(to) => void navigate({ to: "/account", search: { tab: to ?? undefined }, replace: true })}
        keepMounted={false}
        className="dk-tabs"
      >
        <Tabs.List aria-label="Parts of my account">
          <Tabs.Tab value="password">Password</Tabs.Tab>
          <Tabs.Tab value="sessions">Sessions</Tabs.Tab>
          <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
          <Tabs.Tab value="keys">ssh keys</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="password">
          <section className="dk-panel dk-narrow" aria-labelledby="password-title">
            <h2 id="password-title">Change my password</h2>
            <p className="dk-dim">Your other sessions end; this one goes on.</p>
            <PasswordForm />
          </section>
        </Tabs.Panel>
        <Tabs.Panel value="sessions">
          <SessionsTab />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <TokensTab />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <KeysTab />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
