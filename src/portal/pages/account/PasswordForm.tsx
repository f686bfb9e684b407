import { Button, PasswordInput, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Password } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { keys } from "../../app/queries.ts";
import { TroubleAlert } from "../../components/TroubleAlert.tsx";
import { useAction } from "../../components/useAction.ts";

export function PasswordForm({ submit: label = "Change my password" }: { submit?: string }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const change = useAction({
    run: () => api.changePassword({ body: { current, next } }),
    failed: "Your password is still the old one",
    done: "Your password is changed. Your other sessions are ended.",
    refresh: [keys.me, keys.sessions],
    quiet: true,
    onDone: () => {
      setCurrent("");
      setNext("");
      setAgain("");
      setTried(false);
    },
  });
  const errors = {
    current: current === "" ? "Type the password that you use now." : null,
    next: Password.safeParse(next).success
      ? next === current
        ? "Choose one that is new."
        : null
      : "Use at least 12 characters; a short sentence is good.",
    again: again === next ? null : "The two do not match.",
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (errors.current || errors.next || errors.again) return;
    change.mutate();
  };
  return (
    <form onSubmit={submit} noValidate className="dk-form">
      <Stack>
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          value={current}
          error={tried && errors.current}
          onChange={(e) => setCurrent(e.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="At least 12 characters."
          autoComplete="new-password"
          value={next}
          error={tried && errors.next}
          onChange={(e) => setNext(e.currentTarget.value)}
        />
        <PasswordInput
          label="New password, again"
          autoComplete="new-password"
          value={again}
          error={tried && errors.again}
          onChange={(e) => setAgain(e.currentTarget.value)}
        />
        {change.error ? <TroubleAlert title="Your password is still the old one" error={change.error} /> : null}
        <div>
          <Button type="submit" loading={change.isPending}>
            {label}
          </Button>
        </div>
      </Stack>
    </form>
  );
}
