import type { Page } from "playwright-core";

interface Dialog {
  name: string;
  path: string;
  /** Ends when everything of it is on screen. */
  open(page: Page): Promise<void>;
}

const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const pick = async (page: Page, menu: string, item: string) => {
  await press(page, menu);
  await page.getByRole("menuitem", { name: item }).click();
};

/** Dialogs about hosts and about where nodes run, in a seeded fake portal. */
export const HOST_DIALOGS: Dialog[] = [
  {
    name: "menu of a host",
    path: "/admin/hosts",
    open: async (page) => {
      await press(page, "What to do with quay-2");
      await page.getByRole("menuitem", { name: "Drain…" }).waitFor();
    },
  },
  {
    name: "join token",
    path: "/admin/hosts",
    open: async (page) => {
      await press(page, "Add a host");
      await press(page, "Make a join token");
      await page.getByText("Waiting.").waitFor();
    },
  },
  {
    name: "drain",
    path: "/admin/hosts/quay-2",
    open: async (page) => {
      await pick(page, "What to do with quay-2", "Drain…");
      await page.getByText("stop for some seconds each").waitFor();
    },
  },
  {
    name: "remove a host",
    path: "/admin/hosts/quay-3",
    open: async (page) => {
      await pick(page, "What to do with quay-3", "Remove…");
      await page.getByText("Lost: 2 nodes").waitFor();
    },
  },
  {
    name: "move",
    path: "/vclusters/genomics",
    open: async (page) => {
      await pick(page, "More to do with genomics", "Move…");
      await page.getByRole("button", { name: "Move 4 nodes" }).waitFor();
    },
  },
  {
    name: "why here",
    path: "/vclusters/genomics",
    open: async (page) => {
      await page.getByRole("button", { name: /^Why host-1 is on/ }).focus();
      await page.getByRole("tooltip").waitFor();
    },
  },
  {
    name: "placement in the advanced form",
    path: "/",
    open: async (page) => {
      await press(page, "Advanced…");
      await page.getByText("Where nodes run, and what if a host is lost").click();
      await page.getByLabel("make the nodes anew on other hosts").check();
      await page.getByText("Lost then:").waitFor();
    },
  },
  {
    name: "settings for a lost host",
    path: "/vclusters/genomics?tab=settings",
    open: async (page) => {
      await page.getByLabel("make the nodes anew on other hosts").check();
      await page.getByText("Lost then:").waitFor();
    },
  },
];
