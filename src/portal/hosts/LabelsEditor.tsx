import { Button, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import type { Host } from "../../contracts/public/index.ts";
import { checkLabel, labelTexts } from "./labels.ts";
import { usePatchHost } from "./useHostActions.ts";

/** Labels of a host, added and taken away one by one. */
export function LabelsEditor({ host }: { host: Host }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const patch = usePatchHost(host, { failed: "The labels stay as they are" });
  const error = key === "" || value === "" ? null : checkLabel(key, value);
  const add = (e: FormEvent) => {
    e.preventDefault();
    if (key === "" || value === "" || error) return;
    patch.mutate(
      { labels: { ...host.labels, [key]: value } },
      {
        onSuccess: () => {
          setKey("");
          setValue("");
        },
      },
    );
  };
  const without = (text: string) =>
    Object.fromEntries(Object.entries(host.labels).filter(([k, v]) => `${k}=${v}` !== text));
  return (
    <section className="dk-panel" aria-labelledby="labels-title">
      <h2 id="labels-title">Labels</h2>
      <p className="dk-dim">
        New clusters can ask for hosts with certain labels, for example <code>disk=fast</code>. Nodes that are here
        already stay, whatever you change.
      </p>
      {Object.keys(host.labels).length > 0 && (
        <ul className="dk-labels" aria-label={`Labels of ${host.name}`}>
          {labelTexts(host.labels).map((text) => (
            <li key={text} className="dk-label">
              {text}
              <button
                type="button"
                aria-label={`Take ${text} away`}
                disabled={patch.isPending}
                onClick={() => patch.mutate({ labels: without(text) })}
              >
                <IconX size={14} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={add} className="dk-label-form">
        <TextInput
          label="Key"
          placeholder="disk"
          value={key}
          onChange={(e) => setKey(e.currentTarget.value.trim())}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        <TextInput
          label="Value"
          placeholder="fast"
          value={value}
          onChange={(e) => setValue(e.currentTarget.value.trim())}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        <Button
          type="submit"
          variant="default"
          disabled={key === "" || value === "" || error !== null}
          loading={patch.isPending}
        >
          Add label
        </Button>
        {error && (
          <p className="dk-label-error" role="alert">
            {error}
          </p>
        )}
      </form>
    </section>
  );
}
