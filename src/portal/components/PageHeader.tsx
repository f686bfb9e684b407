import { type ReactNode, useEffect } from "react";

interface Props {
  title: string;
  /** Shown in place of the plain title, which then only names the tab. */
  heading?: ReactNode;
  sub?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, heading, sub, actions }: Props) {
  useTitle(title);
  return (
    <header className="dk-page-head">
      <div className="dk-page-title">
        <h1>{heading ?? title}</h1>
        {sub && <p>{sub}</p>}
      </div>
      {actions && <div className="dk-page-actions">{actions}</div>}
    </header>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · docklet`;
  }, [title]);
}
