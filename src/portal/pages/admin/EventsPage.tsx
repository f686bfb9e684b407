import { Button, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { eventsQuery } from "../../app/queries.ts";
import { EventTable } from "../../components/EventTable.tsx";
import { PageHeader } from "../../components/PageHeader.tsx";

export function EventsPage() {
  const filter = useSearch({ from: "/inside/admin/events" });
  const navigate = useNavigate();
  const [object, setObject] = useState(filter.object ?? "");
  const [owner, setOwner] = useState(filter.owner ?? "");
  const query = useInfiniteQuery(eventsQuery(filter));
  const show = (search: { object: string | undefined; owner: string | undefined }) =>
    void navigate({ to: "/admin/events", search, replace: true });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    show({ object: object.trim() || undefined, owner: owner.trim() || undefined });
  };
  const clear = () => {
    setObject("");
    setOwner("");
    show({ object: undefined, owner: undefined });
  };
  return (
    <>
      <PageHeader title="Events" sub="Who did what to what, and what came of it. Newest first, live." />
      <form onSubmit={submit} className="dk-filter">
        <TextInput
          label="Object"
          placeholder="name of a cluster, image, user…"
          maxLength={64}
          value={object}
          onChange={(e) => setObject(e.currentTarget.value)}
        />
        <TextInput
          label="Owner"
          placeholder="user name"
          maxLength={64}
          value={owner}
          onChange={(e) => setOwner(e.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Filter
        </Button>
        {(filter.object || filter.owner) && (
          <Button variant="subtle" onClick={clear}>
            Show all
          </Button>
        )}
      </form>
      <EventTable
        label="Events"
        empty={
          filter.object || filter.owner ? "No event matches this filter." : "The first login will be written here."
        }
        query={query}
      />
    </>
  );
}
