import { Component, type ReactNode } from "react";

/** The last net: even when the whole app breaks there is a sentence and a way on, never a white page. */
export class CrashBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="dk-crash" role="alert">
        <h1>The portal stopped working</h1>
        <p>Your clusters are not affected. Reload the page; if it happens again, tell your administrator this:</p>
        <code>{error.message}</code>
        <p>
          <a href="/">Reload the portal</a>
        </p>
      </main>
    );
  }
}
