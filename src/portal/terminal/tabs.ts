import { NodeName } from "../../contracts/public/index.ts";

/** One terminal: a session of this id on this node goes on living there, whoever looks. */
export interface TerminalTab {
  session: string;
  node: string;
}
export interface TerminalTabs {
  tabs: TerminalTab[];
  active: string;
}

/** The first terminal of a node is always the same one: tomorrow, or on another machine, the work is still on it. */
export const FIRST_SESSION = "main";
const SESSION = /^[a-z0-9]{1,16}$/;

export const tabKey = (t: TerminalTab) => `${t.node}/${t.session}`;

export function addTab(state: TerminalTabs, node: string, newId: () => string): TerminalTabs {
  const taken = state.tabs.some((t) => t.node === node && t.session === FIRST_SESSION);
  const tab = { node, session: taken ? newId() : FIRST_SESSION };
  return { tabs: [...state.tabs, tab], active: tabKey(tab) };
}

/** The neighbour becomes the active one. */
export function closeTab(state: TerminalTabs, key: string): TerminalTabs {
  const at = state.tabs.findIndex((t) => tabKey(t) === key);
  const tabs = state.tabs.filter((t) => tabKey(t) !== key);
  if (state.active !== key) return { tabs, active: state.active };
  const next = tabs[Math.min(at, tabs.length - 1)];
  return { tabs, active: next ? tabKey(next) : "" };
}

/** Tabs as they were before a reload; what does not parse is left out. `node` is brought to the front. */
export function restoreTabs(stored: string | null, node: string): TerminalTabs {
  const state = parse(stored);
  const there = state.tabs.find((t) => t.node === node);
  if (!there) return addTab(state, node, () => FIRST_SESSION);
  const activeIsOnNode = state.tabs.some((t) => tabKey(t) === state.active && t.node === node);
  return activeIsOnNode ? state : { ...state, active: tabKey(there) };
}

function parse(stored: string | null): TerminalTabs {
  try {
    const { tabs, active } = JSON.parse(stored ?? "") as Partial<TerminalTabs>;
    const good = (tabs ?? []).filter((t) => SESSION.test(t?.session) && NodeName.safeParse(t?.node).success);
    return { tabs: good, active: typeof active === "string" ? active : "" };
  } catch {
    return { tabs: [], active: "" };
  }
}

/** "host-0", and from the second on the same node "host-0 · 2". */
export function tabLabel(tabs: TerminalTab[], tab: TerminalTab): string {
  const same = tabs.filter((t) => t.node === tab.node);
  const at = same.findIndex((t) => t.session === tab.session);
  return at <= 0 ? tab.node : `${tab.node} · ${at + 1}`;
}
