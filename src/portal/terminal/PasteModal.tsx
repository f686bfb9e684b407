import { Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useState } from "react";

/** Where the page may not read the clipboard (plain http, some phones), the browser's own paste still fills a field. */
export function PasteModal({ onPaste, onClose }: { onPaste: (text: string) => void; onClose: () => void }) {
  const [text, setText] = useState("");
  return (
    <Modal opened onClose={onClose} title="Paste into the terminal">
      <Stack>
        <Textarea
          label="Text"
          description="Your browser lets a page read the clipboard only over https: paste here, then send it."
          autosize
          minRows={4}
          maxRows={12}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button
            disabled={text === ""}
            onClick={() => {
              onPaste(text);
              onClose();
            }}
          >
            Send to the terminal
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
