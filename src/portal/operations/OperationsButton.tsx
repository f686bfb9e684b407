import { ActionIcon, Drawer, Indicator, Stack, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconListCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { operationsQuery } from "../app/queries.ts";
import { Empty } from "../components/Empty.tsx";
import { QueryGate } from "../components/QueryGate.tsx";
import { plural } from "../format/amounts.ts";
import { OperationCard } from "./OperationCard.tsx";
import { isActive } from "./words.ts";

/** In the header on every page: how much is under way, and the drawer that shows it step by step. */
export function OperationsButton() {
  const [opened, { open, close }] = useDisclosure(false);
  const query = useQuery(operationsQuery);
  const running = (query.data ?? []).filter(isActive).length;
  const label = running > 0 ? `Operations: ${running} under way` : "Operations";
  return (
    <>
      <Tooltip label={label}>
        <Indicator
          label={running}
          size={18}
          offset={5}
          disabled={running === 0}
          color="amber.3"
          classNames={{ indicator: "dk-indicator" }}
        >
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={label}
            className="dk-head-icon"
            onClick={open}
          >
            <IconListCheck size={20} aria-hidden />
          </ActionIcon>
        </Indicator>
      </Tooltip>
      <span className="dk-sr" role="status">
        {running > 0 ? `${plural(running, "operation")} under way` : ""}
      </span>
      <Drawer opened={opened} onClose={close} position="right" title="Operations" size="md">
        <QueryGate query={query}>
          {(list) =>
            list.length === 0 ? (
              <Empty icon={<IconListCheck size={36} />} title="Nothing under way">
                Creating, scaling or building shows up here with its steps, and can be cancelled here.
              </Empty>
            ) : (
              <Stack gap="sm">
                {list.map((op) => (
                  <OperationCard key={op.id} op={op} />
                ))}
              </Stack>
            )
          }
        </QueryGate>
      </Drawer>
    </>
  );
}
