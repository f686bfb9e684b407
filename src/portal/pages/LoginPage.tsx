import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, setCsrf } from "../app/api.ts";
import { safeNext } from "../app/nextPath.ts";
import { retryAfter, troubleOf } from "../app/problem.ts";
import { keys } from "../app/queries.ts";
import { Wordmark } from "../components/Logo.tsx";
import { useTitle } from "../components/PageHeader.tsx";
import { SchemeToggle } from "../components/SchemeToggle.tsx";
import { TroubleAlert } from "../components/TroubleAlert.tsx";
import { useAction } from "../components/useAction.ts";
import { useCountdown } from "../components/useCountdown.ts";
import { QuayDrawing } from "../vcluster/Welcome.tsx";

export function LoginPage() {
  useTitle("Log in");
  const { next } = useSearch({ from: "/login" });
  const router = useRouter();
  const cache = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [wait, startWait] = useCountdown();

  const login = useAction({
    run: () => api.login({ body: { username: username.trim(), password } }),
    failed: "You are not logged in",
    quiet: true,
    onDone: async (me) => {
      setCsrf(me.csrf);
      cache.setQueryData(keys.me, me);
      await router.invalidate();
      router.history.push(safeNext(next));
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (wait > 0 || username.trim() === "" || password === "") return;
    login.mutate(undefined, {
      onError: (error) => {
        setPassword("");
        const seconds = retryAfter(troubleOf(error));
        if (seconds !== null) startWait(seconds);
      },
    });
  };
  return (
    <div className="dk-login">
      <header className="dk-login-side">
        <Wordmark size={44} bare />
        <p className="dk-login-claim">Your own Linux cluster, one click away.</p>
        <QuayDrawing boxes={2} />
      </header>
      <main className="dk-login-main">
        <div className="dk-login-tools">
          <SchemeToggle />
        </div>
        <form onSubmit={submit} className="dk-login-form">
          <h1>Log in</h1>
          {next && <p className="dk-dim dk-flush">You will be taken on to where you were going.</p>}
          <Stack gap="md" mt="lg">
            <TextInput
              label="User name"
              size="md"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              autoFocus
              required
              withAsterisk={false}
              value={username}
              onChange={(e) => setUsername(e.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              size="md"
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
            />
            {login.error && !login.isPending ? <TroubleAlert error={login.error} /> : null}
            <Button type="submit" size="md" loading={login.isPending} disabled={wait > 0}>
              {wait > 0 ? `Try again in ${wait} s` : "Log in"}
            </Button>
          </Stack>
          <p className="dk-dim">Forgot your password? Your administrator can give you a new one.</p>
        </form>
      </main>
    </div>
  );
}
