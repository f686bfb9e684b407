import { Button, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus, IconSearch, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Host } from "../../../contracts/public/index.ts";
import { hostsQuery } from "../../app/queries.ts";
import { Empty } from "../../components/Empty.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";
import { AddHostModal } from "../../hosts/AddHostModal.tsx";
import { hostsSummary } from "../../hosts/advice.ts";
import { HostTable } from "../../hosts/HostTable.tsx";
import { JoinTokens } from "../../hosts/JoinTokens.tsx";
import { labelTexts } from "../../hosts/labels.ts";

/** With fewer, the eye is faster than a search. */
const SEARCH_FROM = 8;

export function HostsPage() {
  const query = useQuery(hostsQuery);
  const [adding, { open, close }] = useDisclosure(false);
  const add = (
    <Button size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={open}>
      Add a host
    </Button>
  );
  return (
    <>
      <PageHeader title="Hosts" sub={query.data && hostsSummary(query.data)} actions={add} />
      <QueryGate query={query}>
        {(hosts) => (
          <>
            {hosts.length === 0 ? (
              <Empty icon={<IconServer2 size={40} stroke={1.4} />} title="No host has joined" action={add}>
                Nodes run on hosts. Add a machine: you get a line to run on it, and it shows up here by itself.
              </Empty>
            ) : (
              <HostList hosts={hosts} />
            )}
            {hosts.length === 1 && (
              <p className="dk-hint">
                One machine is enough. With a second one, clusters can be larger than a machine, and a host can be
                emptied for maintenance without deleting anything: press <strong>Add a host</strong>.
              </p>
            )}
          </>
        )}
      </QueryGate>
      <JoinTokens />
      {adding && <AddHostModal onClose={close} />}
    </>
  );
}

function HostList({ hosts }: { hosts: Host[] }) {
  const [wanted, setWanted] = useState("");
  const sorted = useMemo(() => [...hosts].sort(byName), [hosts]);
  const rows = wanted === "" ? sorted : sorted.filter((h) => isLike(h, wanted));
  return (
    <>
      {hosts.length >= SEARCH_FROM && (
        <TextInput
          aria-label="Find by name, address, state or label"
          placeholder="Find by name, address, state or label"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={wanted}
          onChange={(e) => setWanted(e.currentTarget.value.trim().toLowerCase())}
          mb="md"
          maw={360}
        />
      )}
      {rows.length === 0 ? (
        <Empty icon={<IconServer2 size={40} stroke={1.4} />} title="None like that">
          Try fewer letters.
        </Empty>
      ) : (
        <HostTable hosts={rows} />
      )}
      <p className="dk-hint">Bars show what is measured now; the lighter part is promised to nodes.</p>
    </>
  );
}

/** quay-2 before quay-10. */
const COLLATOR = new Intl.Collator(undefined, { numeric: true });
const byName = (a: Host, b: Host) => COLLATOR.compare(a.name, b.name);

function isLike(h: Host, wanted: string): boolean {
  return [h.name.toLowerCase(), h.address, h.state, ...labelTexts(h.labels)].some((s) => s.includes(wanted));
}
