import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { copyText } from "./clipboard.ts";

const SHOWN_MS = 1800;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [result, setResult] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (!result) return;
    const timer = setTimeout(() => setResult(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);
  const said = result === "copied" ? "Copied" : result === "failed" ? "Select it and copy by hand" : label;
  return (
    <>
      <Tooltip label={said} opened={result ? true : undefined}>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={label}
          onClick={() => void copyText(text).then((ok) => setResult(ok ? "copied" : "failed"))}
        >
          {result === "copied" ? <IconCheck size={18} aria-hidden /> : <IconCopy size={18} aria-hidden />}
        </ActionIcon>
      </Tooltip>
      <span className="dk-sr" role="status">
        {result ? said : ""}
      </span>
    </>
  );
}
