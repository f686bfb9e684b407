import { CopyButton } from "./CopyButton.tsx";

/** Lines for a shell, to be copied as they are. */
export function Lines({ title, lines }: { title: string; lines: string[] }) {
  const text = lines.join("\n");
  return (
    <figure className="dk-lines">
      <figcaption>
        <span>{title}</span>
        <CopyButton text={text} label={`Copy: ${title}`} />
      </figcaption>
      <pre data-testid="lines">
        <code>{text}</code>
      </pre>
    </figure>
  );
}
