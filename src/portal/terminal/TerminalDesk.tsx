import { notifications } from "@mantine/notifications";
import { IconArrowLeft, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Vcluster } from "../../contracts/public/index.ts";
import { Empty } from "../components/Empty.tsx";
import { StateBadge } from "../components/StateBadge.tsx";
import { PasteModal } from "./PasteModal.tsx";
import { KeyRow, TerminalTools } from "./TerminalTools.tsx";
import { type TerminalHandle, TerminalView } from "./TerminalView.tsx";
import { addTab, closeTab, restoreTabs, type TerminalTab, tabKey, tabLabel } from "./tabs.ts";
import { useFullScreen } from "./useFullScreen.ts";

/** Tabs of terminals on the nodes of one vcluster. They stay connected while another one is in front. */
export function TerminalDesk({ vc, owner, node }: { vc: Vcluster; owner: string | undefined; node: string }) {
  const store = `docklet-terminals:${vc.id}`;
  const [state, setState] = useState(() => restoreTabs(sessionStorage.getItem(store), node));
  const [pasting, setPasting] = useState(false);
  const [full, toggleFull] = useFullScreen();
  const handles = useRef(new Map<string, TerminalHandle>());
  const active = () => handles.current.get(state.active);
  useEffect(() => sessionStorage.setItem(store, JSON.stringify(state)), [store, state]);

  const paste = async () => {
    try {
      active()?.paste(await navigator.clipboard.readText());
      active()?.focus();
    } catch {
      setPasting(true);
    }
  };
  const copy = () => {
    if (!active()?.copy()) notifications.show({ message: "Select some text in the terminal first.", color: "gray" });
  };
  const close = (tab: TerminalTab) => setState((s) => closeTab(s, tabKey(tab)));

  return (
    <section className="dk-desk" data-full={full || undefined} aria-label={`Terminals of ${vc.name}`}>
      <h1 className="dk-sr">Terminals of {vc.name}</h1>
      <div className="dk-desk-bar">
        <Link
          to="/vclusters/$name"
          params={{ name: vc.name }}
          search={{ owner, tab: undefined }}
          className="dk-desk-back"
          aria-label={`Back to ${vc.name}`}
        >
          <IconArrowLeft size={17} aria-hidden />
          <span>{vc.name}</span>
        </Link>
        <TabStrip
          tabs={state.tabs}
          active={state.active}
          onSelect={(key) => setState((s) => ({ ...s, active: key }))}
          onClose={close}
        />
        <TerminalTools
          nodes={vc.nodes.map((n) => n.name)}
          full={full}
          onAdd={(n) => setState((s) => addTab(s, n, newSession))}
          onCopy={copy}
          onPaste={() => void paste()}
          onClear={() => active()?.clear()}
          onFull={toggleFull}
        />
      </div>
      {vc.state !== "ready" && (
        <p className="dk-desk-state">
          <StateBadge state={vc.state} />{" "}
          {vc.reason ?? `${vc.name} is ${vc.state}; terminals connect by themselves when it is ready.`}
        </p>
      )}
      <div className="dk-desk-screens">
        {state.tabs.length === 0 && (
          <Empty icon={<IconX size={36} />} title="No terminal is open">
            Press + above. Sessions that you leave go on running on the node.
          </Empty>
        )}
        {state.tabs.map((tab) => (
          <div
            key={tabKey(tab)}
            role="tabpanel"
            id={panelId(tab)}
            aria-labelledby={tabId(tab)}
            hidden={tabKey(tab) !== state.active}
          >
            <TerminalView
              name={vc.name}
              owner={owner}
              node={tab.node}
              session={tab.session}
              label={tabLabel(state.tabs, tab)}
              active={tabKey(tab) === state.active}
              handle={(h) => {
                if (h) handles.current.set(tabKey(tab), h);
                return () => void handles.current.delete(tabKey(tab));
              }}
              onClose={() => close(tab)}
            />
          </div>
        ))}
      </div>
      <KeyRow onKey={(bytes) => active()?.type(bytes)} />
      {pasting && (
        <PasteModal
          onClose={() => setPasting(false)}
          onPaste={(text) => {
            active()?.paste(text);
            active()?.focus();
          }}
        />
      )}
    </section>
  );
}

interface StripProps {
  tabs: TerminalTab[];
  active: string;
  onSelect: (key: string) => void;
  onClose: (tab: TerminalTab) => void;
}

function TabStrip({ tabs, active, onSelect, onClose }: StripProps) {
  const onKeyDown = (e: KeyboardEvent) => {
    const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
    const current = tabs.find((t) => tabKey(t) === active);
    if (e.key === "Delete" && current) return onClose(current);
    if (step === 0 || tabs.length === 0) return;
    const at = tabs.findIndex((t) => tabKey(t) === active);
    const next = tabs[(at + step + tabs.length) % tabs.length]!;
    onSelect(tabKey(next));
  };
  if (tabs.length === 0) return <div className="dk-desk-tabs" />;
  return (
    <div className="dk-desk-tabs">
      <div role="tablist" aria-label="Terminals; Delete closes one" onKeyDown={onKeyDown}>
        {tabs.map((tab) => {
          const selected = tabKey(tab) === active;
          return (
            <button
              key={tabKey(tab)}
              type="button"
              role="tab"
              id={tabId(tab)}
              aria-controls={panelId(tab)}
              aria-selected={selected}
              tabIndex={selected ? 0 : -1}
              onClick={() => onSelect(tabKey(tab))}
            >
              {tabLabel(tabs, tab)}
              {/* For the pointer; the keyboard has Delete, because a tab may hold no other control. */}
              <span
                className="dk-desk-close"
                aria-hidden
                onClick={(e) => {
                  e.stopPropagation();
                  onClose(tab);
                }}
              >
                <IconX size={14} />
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

const tabId = (t: TerminalTab) => `tab-${t.node}-${t.session}`;
const panelId = (t: TerminalTab) => `panel-${t.node}-${t.session}`;

/** Short, and unlike any other: it names a session on the node. */
function newSession(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => (b % 36).toString(36)).join("");
}
