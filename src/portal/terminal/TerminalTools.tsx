import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconClipboard, IconCopy, IconEraser, IconMaximize, IconMinimize, IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";

interface Props {
  nodes: string[];
  full: boolean;
  onAdd: (node: string) => void;
  onCopy: () => void;
  onPaste: () => void;
  onClear: () => void;
  onFull: () => void;
}

export function TerminalTools({ nodes, full, onAdd, onCopy, onPaste, onClear, onFull }: Props) {
  return (
    <div className="dk-term-tools">
      {nodes.length > 1 ? (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <ActionIcon variant="subtle" size="lg" className="dk-term-icon" aria-label="New terminal on…">
              <IconPlus size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown mah={320} className="dk-scroll">
            {nodes.map((n) => (
              <Menu.Item key={n} onClick={() => onAdd(n)}>
                {n}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : (
        <Tool label="New terminal" onClick={() => onAdd(nodes[0] ?? "host-0")}>
          <IconPlus size={18} aria-hidden />
        </Tool>
      )}
      <Tool label="Copy what is selected (Ctrl+Shift+C)" onClick={onCopy}>
        <IconCopy size={18} aria-hidden />
      </Tool>
      <Tool label="Paste (Ctrl+Shift+V)" onClick={onPaste}>
        <IconClipboard size={18} aria-hidden />
      </Tool>
      <Tool label="Clear the scrollback" onClick={onClear}>
        <IconEraser size={18} aria-hidden />
      </Tool>
      <Tool label={full ? "Leave full screen" : "Full screen"} onClick={onFull}>
        {full ? <IconMinimize size={18} aria-hidden /> : <IconMaximize size={18} aria-hidden />}
      </Tool>
    </div>
  );
}

function Tool({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" size="lg" className="dk-term-icon" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

const KEYS = [
  ["Esc", "\x1b"],
  ["Tab", "\t"],
  ["^C", "\x03"],
  ["^D", "\x04"],
  ["↑", "\x1b[A"],
  ["↓", "\x1b[B"],
  ["←", "\x1b[D"],
  ["→", "\x1b[C"],
] as const;
const SPOKEN: Record<string, string> = {
  "^C": "Control C",
  "^D": "Control D",
  "↑": "Up",
  "↓": "Down",
  "←": "Left",
  "→": "Right",
};

/** Keys that the keyboard of a phone does not have. */
export function KeyRow({ onKey }: { onKey: (bytes: string) => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div className="dk-keyrow" role="group" aria-label="Extra keys">
      {KEYS.map(([label, bytes]) => (
        <button
          key={label}
          type="button"
          aria-label={SPOKEN[label] ?? label}
          // The terminal keeps the focus, so the phone's keyboard stays up.
          onPointerDown={(e) => e.preventDefault()}
          onClick={() => onKey(bytes)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
