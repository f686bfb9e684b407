import type { User } from "../../../contracts/public/index.ts";
import { api } from "../../app/api.ts";
import { keys } from "../../app/queries.ts";
import { ask } from "../../components/confirm.tsx";
import { useAction } from "../../components/useAction.ts";

export function useUserActions(onSecret: (made: { user: User; password: string | null }) => void) {
  const reset = useAction({
    run: (name: string) => api.resetPassword({ params: { name } }),
    failed: "The password is still the old one",
    refresh: [keys.users],
    onDone: onSecret,
  });
  const disable = useAction({
    run: ({ name, disabled }: { name: string; disabled: boolean }) =>
      api.patchUser({ params: { name }, body: { disabled } }),
    failed: "The user was not changed",
    refresh: [keys.users],
  });
  return {
    askReset: (u: User) =>
      ask({
        title: `New password for ${u.name}?`,
        body: "A new one is made and shown to you once. The old one and all sessions of this user end at once.",
        confirm: "Make a new password",
        danger: false,
        onConfirm: () => reset.mutate(u.name),
      }),
    toggle: (u: User) => {
      if (u.disabled) return disable.mutate({ name: u.name, disabled: false });
      ask({
        title: `Disable ${u.name}?`,
        body: "All sessions, tokens and open terminals of this user end at once. Clusters and files stay.",
        confirm: "Disable",
        onConfirm: () => disable.mutate({ name: u.name, disabled: true }),
      });
    },
  };
}
