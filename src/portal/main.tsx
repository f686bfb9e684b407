import "./app/zod.ts";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@xterm/xterm/css/xterm.css";
import "uplot/dist/uPlot.min.css";
import "./theme/fonts.css";
import "./theme/base.css";
import "./theme/shell.css";
import "./theme/signs.css";
import "./theme/surfaces.css";
import "./theme/tables.css";
import "./theme/operations.css";
import "./theme/pages.css";
import "./theme/hosts.css";
import "./theme/terminal.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";

createRoot(document.getElementById("root")!).render(<App />);
