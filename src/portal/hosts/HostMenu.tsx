import { ActionIcon, Menu } from "@mantine/core";
import { IconBan, IconCircleCheck, IconDots, IconTrash, IconTruckDelivery } from "@tabler/icons-react";
import { useState } from "react";
import type { Host } from "../../contracts/public/index.ts";
import { DrainModal } from "./DrainModal.tsx";
import { RemoveHostModal } from "./RemoveHostModal.tsx";
import { usePatchHost } from "./useHostActions.ts";

interface Props {
  host: Host;
  size?: number;
  onRemoved?: () => void;
}

/** What an administrator can do with a host. */
export function HostMenu({ host, size = 36, onRemoved }: Props) {
  const [dialog, setDialog] = useState<"drain" | "remove" | null>(null);
  const close = () => setDialog(null);
  const cordon = usePatchHost(host, { failed: `${host.name} was not cordoned`, done: `${host.name} is cordoned` });
  const uncordon = usePatchHost(host, { failed: `${host.name} stays cordoned`, done: `${host.name} is open again` });
  // One that cannot be reached may be cordoned besides.
  const cordoned = host.state === "cordoned" || host.reason?.endsWith("was cordoned") === true;
  const leaving = host.state === "removed" || host.state === "draining";
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={210}>
        <Menu.Target>
          <ActionIcon variant="default" size={size} aria-label={`What to do with ${host.name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {cordoned ? (
            <Menu.Item
              leftSection={<IconCircleCheck size={16} aria-hidden />}
              onClick={() => uncordon.mutate({ cordoned: false })}
            >
              Uncordon
            </Menu.Item>
          ) : (
            <Menu.Item
              leftSection={<IconBan size={16} aria-hidden />}
              disabled={leaving}
              onClick={() => cordon.mutate({ cordoned: true })}
            >
              Cordon
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconTruckDelivery size={16} aria-hidden />}
            disabled={leaving || host.state === "unreachable"}
            onClick={() => setDialog("drain")}
          >
            Drain…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="var(--mantine-color-error)"
            leftSection={<IconTrash size={16} aria-hidden />}
            disabled={leaving}
            onClick={() => setDialog("remove")}
          >
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "drain" && <DrainModal host={host} onClose={close} />}
      {dialog === "remove" && <RemoveHostModal host={host} onClose={close} onRemoved={onRemoved} />}
    </>
  );
}
