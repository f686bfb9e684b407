// Runs before the first paint, so that a dark room is never lit up by a white page while the app loads.
const KEY = "mantine-color-scheme-value";
let wanted: string | null = null;
try {
  wanted = localStorage.getItem(KEY);
} catch {
  // Storage is switched off in this browser: follow the system.
}
const dark = wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
