import type { ReactNode } from "react";

/** Nothing here yet: says what would be here, and how to get it. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="dk-empty">
      <div className="dk-empty-icon" aria-hidden>
        {icon}
      </div>
      <h2>{title}</h2>
      <div className="dk-empty-text">{children}</div>
      {action}
    </div>
  );
}
