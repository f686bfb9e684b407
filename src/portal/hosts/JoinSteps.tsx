import { Button, Stack } from "@mantine/core";
import { IconLoader2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import type { z } from "zod";
import type { JoinTokenMade } from "../../contracts/public/index.ts";
import { hostsQuery } from "../app/queries.ts";
import { Lines } from "../components/Lines.tsx";
import { StateBadge } from "../components/StateBadge.tsx";
import { joinWays } from "./joinLines.ts";

interface Props {
  made: z.infer<typeof JoinTokenMade>;
  master: string;
  /** What the new machine must have in common with this one. */
  settings: Record<string, string>;
  onClose: () => void;
}

/** What to run on the new machine, shown once; and who has come since. */
export function JoinSteps({ made, master, settings, onClose }: Props) {
  const hosts = useQuery(hostsQuery);
  const before = useRef<Set<string> | null>(null);
  if (hosts.data) before.current ??= new Set(hosts.data.map((h) => h.name));
  const come = (hosts.data ?? []).filter((h) => !before.current?.has(h.name));
  return (
    <Stack>
      <p className="dk-flush">
        Run one of these on the new machine. Keep the token to yourself: it is shown this once, and whoever has it can
        join a machine.
      </p>
      {joinWays(made.text, master, settings).map((way) => (
        <Lines key={way.title} title={way.title} lines={way.lines} />
      ))}
      <div className="dk-waiting" role="status">
        {come.length === 0 ? (
          <>
            <IconLoader2 size={18} aria-hidden className="dk-spin" />
            <span>Waiting. The new host shows up here, and in the list, by itself.</span>
          </>
        ) : (
          come.map((h) => (
            <span key={h.name}>
              <Link to="/admin/hosts/$host" params={{ host: h.name }} className="dk-link">
                {h.name}
              </Link>{" "}
              has joined <StateBadge state={h.state} />
            </span>
          ))
        )}
      </div>
      <Button onClick={onClose}>{come.length === 0 ? "I have kept the lines" : "Done"}</Button>
    </Stack>
  );
}
