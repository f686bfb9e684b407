import { Button } from "@mantine/core";
import { IconCompass } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Empty } from "../components/Empty.tsx";
import { useTitle } from "../components/PageHeader.tsx";

export function NotFound() {
  useTitle("Not found");
  return (
    <main className="dk-content">
      <h1 className="dk-sr">Not found</h1>
      <Empty
        icon={<IconCompass size={40} stroke={1.4} />}
        title="There is no such page"
        action={<Button renderRoot={(props) => <Link to="/" {...props} />}>Go to the overview</Button>}
      >
        The address may be mistyped, or what it led to has been deleted.
      </Empty>
    </main>
  );
}
