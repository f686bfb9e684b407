import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArrowsDiagonal,
  IconDots,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlugConnected,
  IconTruckDelivery,
} from "@tabler/icons-react";
import { useState } from "react";
import type { Vcluster } from "../../../contracts/public/index.ts";
import { useMe } from "../../app/useMe.ts";
import { ask } from "../../components/confirm.tsx";
import { isMoving } from "../../components/states.ts";
import { JupyterButton, TerminalButton } from "../../vcluster/links.tsx";
import { MoveModal } from "../../vcluster/MoveModal.tsx";
import { OpenPortModal } from "../../vcluster/OpenPortModal.tsx";
import { ScaleModal } from "../../vcluster/ScaleModal.tsx";
import { useVclusterActions } from "../../vcluster/useVclusterActions.ts";

export function VclusterActions({ vc }: { vc: Vcluster }) {
  const [dialog, setDialog] = useState<"port" | "scale" | "move" | null>(null);
  const { start, stop } = useVclusterActions(vc);
  const admin = useMe().user.role === "admin";
  const off = vc.state === "stopped" || vc.state === "failed";
  const leaving = vc.state === "deleting" || vc.state === "stopping";
  const askStop = () =>
    ask({
      title: `Stop ${vc.name}?`,
      body: (
        <>
          Everything that runs on its nodes ends: notebooks, terminals, jobs. Files stay, and Start brings it back with
          the same addresses.
        </>
      ),
      confirm: "Stop it",
      onConfirm: () => stop.mutate(),
    });
  return (
    <>
      {off && (
        <Button
          size="md"
          leftSection={<IconPlayerPlay size={18} aria-hidden />}
          loading={start.isPending}
          onClick={() => start.mutate()}
        >
          {vc.state === "failed" ? "Try again" : "Start"}
        </Button>
      )}
      {!off && !leaving && (
        <>
          <JupyterButton vc={vc} size="md" />
          <TerminalButton vc={vc} size="md" />
        </>
      )}
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="default" size={42} aria-label={`More to do with ${vc.name}`}>
            <IconDots size={20} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPlugConnected size={16} aria-hidden />}
            disabled={vc.state !== "ready"}
            onClick={() => setDialog("port")}
          >
            Open port…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowsDiagonal size={16} aria-hidden />}
            disabled={isMoving(vc.state)}
            onClick={() => setDialog("scale")}
          >
            Scale…
          </Menu.Item>
          {admin && (
            <Menu.Item
              leftSection={<IconTruckDelivery size={16} aria-hidden />}
              disabled={isMoving(vc.state) || vc.operation !== null}
              onClick={() => setDialog("move")}
            >
              Move…
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconPlayerStop size={16} aria-hidden />}
            disabled={vc.state !== "ready"}
            onClick={askStop}
          >
            Stop
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "port" && <OpenPortModal vc={vc} onClose={() => setDialog(null)} />}
      {dialog === "move" && <MoveModal vc={vc} onClose={() => setDialog(null)} />}
      {dialog === "scale" && <ScaleModal vc={vc} onClose={() => setDialog(null)} />}
    </>
  );
}
