import { Button, Container } from "@mantine/core";
import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { TroubleAlert } from "../components/TroubleAlert.tsx";

/** In place of a page that broke: the rest of the portal stays usable. */
export function RouteTrouble({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const queries = useQueryErrorResetBoundary();
  const again = () => {
    queries.reset();
    reset();
    void router.invalidate();
  };
  return (
    <Container size="sm" py="xl">
      <h1 className="dk-sr">Something went wrong</h1>
      <TroubleAlert title="This page could not be shown" error={error} retry={again} />
      <Button component="a" href="/" variant="subtle" mt="md">
        Back to the overview
      </Button>
    </Container>
  );
}
