import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import type { Me, StreamFrame } from "../../contracts/public/index.ts";
import { streamUrl } from "../app/api.ts";
import { keys } from "../app/queries.ts";
import { applyFrame } from "./reducer.ts";
import { Replay } from "./replay.ts";
import { type Connection, LiveStream } from "./stream.ts";

type Listener = (frame: StreamFrame) => void;
interface Live {
  connection: Connection;
  retryNow(): void;
  /** For what is not state: a toast when something ended. Returns the way to leave. */
  listen(listener: Listener): () => void;
}
const LiveContext = createContext<Live>({ connection: "connecting", retryNow: () => {}, listen: () => () => {} });
export const useLive = () => useContext(LiveContext);

/** Holds the one event stream while somebody is logged in, and feeds it to the query cache. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const stream = useRef<LiveStream | null>(null);
  const listeners = useRef(new Set<Listener>());

  useEffect(() => {
    const self = () => cache.getQueryData<Me>(keys.me)?.user.name;
    const replay = new Replay(cache, (frame) => applyFrame(cache, frame, self()));
    stream.current = new LiveStream(streamUrl(), {
      connection: (state) => {
        setConnection(state);
        // A stream also ends when the session does; only the server can tell which it was.
        if (state === "lost") void cache.invalidateQueries({ queryKey: keys.me });
      },
      frame: (frame) => {
        replay.take(frame);
        for (const listener of listeners.current) listener(frame);
      },
    });
    return () => {
      stream.current?.stop();
      replay.stop();
    };
  }, [cache]);

  const live = useMemo<Live>(
    () => ({
      connection,
      retryNow: () => stream.current?.retryNow(),
      listen: (listener) => {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [connection],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}
