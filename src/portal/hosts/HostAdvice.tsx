import { IconAlertTriangleFilled, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Host } from "../../contracts/public/index.ts";
import { toneOf } from "../components/states.ts";
import { adviceFor } from "./advice.ts";
import { sentence } from "./sentence.ts";

/** States that say all there is to say. */
const PLAIN = new Set<Host["state"]>(["cordoned", "draining", "removed"]);

/** Why a host is not ready, and what to do. Nothing for one that is. */
export function HostAdvice({ host }: { host: Host }) {
  const advice = adviceFor(host);
  if (!advice) return null;
  const bad = toneOf(host.state) === "bad";
  const Icon = bad ? IconAlertTriangleFilled : IconInfoCircle;
  return (
    <section className="dk-advice" data-tone={bad ? "bad" : "busy"} aria-labelledby="advice-title">
      <Icon size={20} aria-hidden />
      <div>
        <h2 id="advice-title">{advice.title}</h2>
        {host.reason && !PLAIN.has(host.state) && <p className="dk-advice-reason">{sentence(host)}</p>}
        <p>{advice.means}</p>
        {advice.todo.length > 0 && (
          <ul>
            {advice.todo.map((step) => (
              <li key={step}>{withCommands(step)}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

/** `commands` stand between backticks. */
function withCommands(text: string): ReactNode {
  return text.split("`").map((part, i) => (i % 2 === 1 ? <code key={part}>{part}</code> : part));
}
