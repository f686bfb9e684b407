import { Button, Modal, Stack } from "@mantine/core";
import { CopyButton } from "./CopyButton.tsx";

interface Props {
  title: string;
  /** What it is for, and who should get it. */
  explain: string;
  secret: string;
  onClose: () => void;
}

/** A secret that is shown this once. A stray click beside the dialog does not lose it. */
export function SecretOnce({ title, explain, secret, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={false} closeOnEscape={false}>
      <Stack>
        <p className="dk-flush">{explain}</p>
        <div className="dk-secret">
          <code data-testid="secret">{secret}</code>
          <CopyButton text={secret} label="Copy the secret" />
        </div>
        <p className="dk-flush dk-dim">It is not stored in a readable form and cannot be shown again.</p>
        <Button onClick={onClose}>I have kept it</Button>
      </Stack>
    </Modal>
  );
}
