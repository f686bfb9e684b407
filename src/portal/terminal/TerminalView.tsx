import type { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { terminalUrl } from "../app/api.ts";
import { createScreen } from "./screen.ts";
import { type LinkState, TerminalLink } from "./TerminalLink.ts";
import { TerminalNotice } from "./TerminalNotice.tsx";

export interface TerminalHandle {
  paste(text: string): void;
  /** Bytes as if typed, for keys that a phone does not have. */
  type(text: string): void;
  copy(): boolean;
  clear(): void;
  focus(): void;
}
interface Props {
  name: string;
  owner: string | undefined;
  node: string;
  session: string;
  label: string;
  active: boolean;
  handle: Ref<TerminalHandle>;
  onClose: () => void;
}

export function TerminalView({ name, owner, node, session, label, active, handle, onClose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const term = useRef<Terminal | null>(null);
  const fitter = useRef<FitAddon | null>(null);
  const link = useRef<TerminalLink | null>(null);
  const [state, setState] = useState<LinkState>({ kind: "connecting" });

  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const { term: t, fit } = createScreen();
    term.current = t;
    fitter.current = fit;
    t.open(el);
    t.textarea?.setAttribute("aria-label", `Terminal ${label}. Press Control Shift E to leave it.`);
    fitInto(el, fit);
    const encoder = new TextEncoder();
    const l = new TerminalLink(() => terminalUrl({ name, node }, { owner, session, cols: t.cols, rows: t.rows }), {
      state: setState,
      data: (bytes, fresh) => {
        if (fresh) t.reset();
        t.write(bytes);
      },
    });
    link.current = l;
    const typed = t.onData((text) => l.send(encoder.encode(text)));
    const raw = t.onBinary((text) => l.send(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    const sized = t.onResize(({ cols, rows }) => l.resize(cols, rows));
    const observer = new ResizeObserver(() => fitInto(el, fit));
    observer.observe(el);
    // The first fit measured a fallback font; the real one may be wider.
    void document.fonts.ready.then(() => fitInto(el, fit));
    addEventListener("online", l.retryNow);
    addEventListener("offline", l.drop);
    return () => {
      removeEventListener("online", l.retryNow);
      removeEventListener("offline", l.drop);
      observer.disconnect();
      for (const d of [typed, raw, sized]) d.dispose();
      l.stop();
      t.dispose();
    };
  }, [name, owner, node, session, label]);

  useEffect(() => {
    if (!active) return;
    if (box.current && fitter.current) fitInto(box.current, fitter.current);
    term.current?.focus();
  }, [active]);

  useImperativeHandle(handle, () => ({
    paste: (text) => term.current?.paste(text),
    type: (text) => link.current?.send(new TextEncoder().encode(text)),
    copy: () => {
      if (!term.current?.hasSelection()) return false;
      term.current.focus();
      return document.execCommand("copy");
    },
    clear: () => term.current?.clear(),
    focus: () => term.current?.focus(),
  }));

  return (
    <div className="dk-term" hidden={!active} data-testid="terminal" data-state={state.kind}>
      <TerminalNotice state={state} onRetry={() => link.current?.retryNow()} onClose={onClose} />
      <div className="dk-term-screen" ref={box} />
    </div>
  );
}

/** A hidden terminal has no size to fit to. */
function fitInto(el: HTMLElement, fit: FitAddon): void {
  if (el.offsetParent !== null && el.clientWidth > 20 && el.clientHeight > 20) fit.fit();
}
