import { modals } from "@mantine/modals";
import type { ReactNode } from "react";

interface Question {
  title: string;
  body: ReactNode;
  /** Says what happens: never just "OK". */
  confirm: string;
  danger?: boolean;
  onConfirm: () => void;
}

export function ask({ title, body, confirm, danger = true, onConfirm }: Question): void {
  modals.openConfirmModal({
    title,
    children: <div className="dk-ask">{body}</div>,
    labels: { confirm, cancel: "Keep as it is" },
    confirmProps: danger ? { color: "red" } : {},
    onConfirm,
  });
}
