import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { troubleOf } from "../app/problem.ts";
import { RequestId } from "./TroubleAlert.tsx";

export function toastDone(title: string, message?: ReactNode): void {
  notifications.show({
    title,
    message: message ?? null,
    color: "sea",
    icon: <IconCheck size={18} aria-hidden />,
    autoClose: 6000,
    withBorder: true,
  });
}

/** Stays until it is dismissed: a message that says what to do must not run away. */
export function toastTrouble(title: string, error: unknown): void {
  const t = troubleOf(error);
  notifications.show({
    title,
    message: (
      <>
        <span className="dk-toast-line">{t.message}</span>
        {t.hint && <span className="dk-toast-line">{t.hint}</span>}
        {t.requestId && <RequestId id={t.requestId} />}
      </>
    ),
    color: "red",
    icon: <IconAlertTriangle size={18} aria-hidden />,
    autoClose: false,
    withBorder: true,
  });
}
