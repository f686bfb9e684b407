import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { configQuery } from "../../app/queries.ts";
import { DataTable } from "../../components/DataTable.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";
import { QueryGate } from "../../components/QueryGate.tsx";

export function ConfigPage() {
  const query = useQuery(configQuery);
  const [wanted, setWanted] = useState("");
  return (
    <>
      <PageHeader
        title="Configuration"
        sub={
          <>
            What is in force, and where each value comes from. It is changed in the file or by flags;{" "}
            <code>docklet config</code> helps.
          </>
        }
      />
      <TextInput
        aria-label="Find a key"
        placeholder="Find a key"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={wanted}
        onChange={(e) => setWanted(e.currentTarget.value.trim().toLowerCase())}
        mb="md"
        maw={340}
      />
      <QueryGate query={query} rows={6}>
        {(values) => (
          <DataTable
            label="Effective configuration"
            rows={values.filter((v) => `${v.key} ${v.doc}`.toLowerCase().includes(wanted))}
            rowKey={(v) => v.key}
            columns={[
              { head: "Key", cell: (v) => <code>{v.key}</code> },
              {
                head: "Value",
                cell: (v) =>
                  v.secret ? (
                    <span className="dk-dim">{v.value ? "set, not shown" : "not set"}</span>
                  ) : (
                    <code className="dk-break">{v.value || "(empty)"}</code>
                  ),
              },
              {
                head: "From",
                cell: (v) => (
                  <span className="dk-tag" data-tone={v.origin === "default" ? undefined : "good"}>
                    {v.origin}
                  </span>
                ),
              },
              { head: "Meaning", cell: (v) => <span className="dk-small">{v.doc}</span> },
            ]}
          />
        )}
      </QueryGate>
    </>
  );
}
