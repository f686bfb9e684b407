import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { type Me, queryString } from "../../contracts/public/index.ts";
import { cssVariables, theme } from "../theme/theme.ts";
import { whenSignedOut } from "./api.ts";
import { CrashBoundary } from "./CrashBoundary.tsx";
import { hasCode } from "./problem.ts";
import { keys } from "./queries.ts";
import { createPortalRouter } from "./router.tsx";

// The stream keeps everything fresh: nothing is asked again because time passed or a window got the focus.
const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (failures, error) => failures < 2 && hasCode(error, "unavailable"),
    },
  },
});
const router = createPortalRouter(cache);

whenSignedOut(() => {
  if (cache.getQueryData<Me>(keys.me) === undefined) return;
  // A fresh page, so that nothing of this person stays in memory; the login leads back here.
  location.replace(`/login${queryString({ next: location.pathname + location.search })}`);
});

export function App() {
  return (
    <CrashBoundary>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={cache}>
          <ModalsProvider modalProps={{ radius: "lg" }}>
            <Notifications position="bottom-right" limit={4} containerWidth={380} />
            <RouterProvider router={router} />
          </ModalsProvider>
        </QueryClientProvider>
      </MantineProvider>
    </CrashBoundary>
  );
}
