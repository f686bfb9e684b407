import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** Deep harbour green: the colour of everything that one can press. */
const sea: MantineColorsTuple = [
  "#e6f5f1",
  "#cdeae3",
  "#9fd8cb",
  "#6fc6b3",
  "#4bb8a2",
  "#2aa189",
  "#17806c",
  "#0d6657",
  "#0b5549",
  "#08443b",
];
/** Signal amber: work under way. */
const amber: MantineColorsTuple = [
  "#fdf4df",
  "#fae7bd",
  "#f5d289",
  "#f2b84b",
  "#e8a02b",
  "#c9821a",
  "#a56611",
  "#84500c",
  "#6b410b",
  "#54330a",
];
const red: MantineColorsTuple = [
  "#fdecea",
  "#fbd5d0",
  "#f6aba2",
  "#f28074",
  "#ff8f82",
  "#dd5145",
  "#c5372d",
  "#b3261e",
  "#951d16",
  "#7a1610",
];
const gray: MantineColorsTuple = [
  "#faf9f5",
  "#f3f1ea",
  "#e9e6dc",
  "#dbd7cb",
  "#c2beb1",
  "#a09d92",
  "#6f6d65",
  "#55544d",
  "#3a3a35",
  "#232320",
];
const dark: MantineColorsTuple = [
  "#dfe7e4",
  "#bccac6",
  "#9fb0ab",
  "#82958f",
  "#40514d",
  "#2c3b38",
  "#18221f",
  "#0f1715",
  "#0b1110",
  "#070c0b",
];

const SANS = `"Instrument Sans", system-ui, -apple-system, "Segoe UI", sans-serif`;
export const MONO = `"JetBrains Mono", ui-monospace, SFMono-Regular, Menlo, monospace`;

export const theme = createTheme({
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 6 },
  colors: { sea, amber, red, gray, dark },
  white: "#ffffff",
  black: "#1b211f",
  fontFamily: SANS,
  fontFamilyMonospace: MONO,
  headings: { fontFamily: `"Bricolage Grotesque", ${SANS}`, fontWeight: "640" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  components: {
    // The head of a dialog is a <header>, which assistive technology would take for the banner of the page.
    Modal: {
      defaultProps: {
        centered: true,
        radius: "lg",
        closeButtonProps: { "aria-label": "Close" },
        overlayProps: { blur: 2 },
        attributes: { header: { role: "none" } },
      },
    },
    Drawer: {
      defaultProps: { closeButtonProps: { "aria-label": "Close" }, attributes: { header: { role: "none" } } },
    },
    // Inside the landmark that it belongs to, and without the focusable filler that is no menu item.
    Menu: { defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Dismiss" } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, events: { hover: true, focus: true, touch: false } } },
    PasswordInput: { defaultProps: { visibilityToggleButtonProps: { "aria-label": "Show or hide the password" } } },
    Select: { defaultProps: { allowDeselect: false, comboboxProps: { shadow: "md" } } },
  },
});

/** Text that recedes must still be read: the defaults miss the 4.5 : 1 that everybody needs. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f6f4ee",
    "--mantine-color-dimmed": "#5b5e57",
    "--mantine-color-placeholder": "#6a6c64",
    "--mantine-color-error": "#b3261e",
    "--mantine-color-anchor": "#0d6657",
    "--mantine-color-default-border": "#d9d5c8",
  },
  dark: {
    "--mantine-color-body": "#0f1715",
    "--mantine-color-dimmed": "#a3b4af",
    "--mantine-color-placeholder": "#90a29d",
    "--mantine-color-error": "#ff9c8f",
    "--mantine-color-anchor": "#6fd3bd",
    "--mantine-color-default-border": "#2c3b38",
  },
});
