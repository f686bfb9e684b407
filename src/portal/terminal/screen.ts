import { FitAddon } from "@xterm/addon-fit";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import { MONO } from "../theme/theme.ts";

const COLORS = {
  background: "#0d1513",
  foreground: "#dfe7e4",
  cursor: "#5fd3bf",
  cursorAccent: "#0d1513",
  selectionBackground: "#2f5f57",
  black: "#2c3b38",
  red: "#ff8f80",
  green: "#7ddba0",
  yellow: "#f2b84b",
  blue: "#86b9ff",
  magenta: "#dda6f2",
  cyan: "#5fd3bf",
  white: "#dfe7e4",
  brightBlack: "#9fb0ab",
  brightRed: "#ffb3a8",
  brightGreen: "#a5ecc0",
  brightYellow: "#ffd685",
  brightBlue: "#aed0ff",
  brightMagenta: "#ecc9fa",
  brightCyan: "#93e9da",
  brightWhite: "#ffffff",
};

/**
 * An xterm for bytes that nobody vouches for. No clipboard by escape sequence (OSC 52 has no handler), and no links
 * whose text hides their target (OSC 8): only addresses that stand there in full, opened without a way back.
 */
export function createScreen(): { term: Terminal; fit: FitAddon } {
  const term = new Terminal({
    fontFamily: MONO,
    fontSize: 14,
    lineHeight: 1.2,
    scrollback: 10_000,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    theme: COLORS,
    minimumContrastRatio: 4.5,
    linkHandler: { activate: () => {} },
    allowProposedApi: false,
    macOptionIsMeta: true,
  });
  const fit = new FitAddon();
  term.loadAddon(fit);
  term.loadAddon(
    new WebLinksAddon((event, uri) => {
      event.preventDefault();
      if (/^https?:\/\//i.test(uri)) window.open(uri, "_blank", "noopener,noreferrer");
    }),
  );
  term.attachCustomKeyEventHandler((e) => handleKey(term, e));
  return { term, fit };
}

/** false keeps the key from the program in the terminal. */
function handleKey(term: Terminal, e: KeyboardEvent): boolean {
  if (!e.ctrlKey || !e.shiftKey || e.altKey || e.metaKey) return true;
  const key = e.key.toLowerCase();
  // The browser itself pastes on ctrl+shift+v, and xterm brackets it: nothing to do but let it.
  if (key === "v") return false;
  if (key === "c") {
    e.preventDefault();
    if (e.type === "keydown" && term.hasSelection()) document.execCommand("copy");
    return false;
  }
  // Tab belongs to the shell, so leaving by keyboard needs a key of its own.
  if (key === "e") {
    e.preventDefault();
    if (e.type === "keydown") document.querySelector<HTMLElement>("[role=tab][aria-selected=true]")?.focus();
    return false;
  }
  return true;
}
