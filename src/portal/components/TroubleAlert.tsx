import { Alert, Button, Group } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { troubleOf } from "../app/problem.ts";

/** An error in place: what is wrong, what to do, and the request id for whoever is asked for help. */
export function TroubleAlert({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const t = troubleOf(error);
  return (
    <Alert
      color="red"
      variant="outline"
      className="dk-alert"
      icon={<IconAlertTriangle aria-hidden />}
      title={title ?? t.message}
      role="alert"
    >
      {title && <p>{t.message}</p>}
      {t.hint && <p>{t.hint}</p>}
      <Group gap="sm" mt="xs">
        {retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
        {t.requestId && <RequestId id={t.requestId} />}
      </Group>
    </Alert>
  );
}

export function RequestId({ id }: { id: string }) {
  return (
    <span className="dk-request-id">
      Request id <code>{id}</code>
    </span>
  );
}
