import { AppShell, Burger } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { Wordmark } from "../components/Logo.tsx";
import { SchemeToggle } from "../components/SchemeToggle.tsx";
import { ConnectionBanner } from "../live/ConnectionBanner.tsx";
import { LiveProvider } from "../live/LiveProvider.tsx";
import { OperationsButton } from "../operations/OperationsButton.tsx";
import { OperationToasts } from "../operations/OperationToasts.tsx";
import { MustChangePassword } from "../pages/MustChangePassword.tsx";
import { Nav } from "./Nav.tsx";
import { UserMenu } from "./UserMenu.tsx";
import { useMe } from "./useMe.ts";

/** What surrounds every page once somebody is logged in. */
export function Shell() {
  const me = useMe();
  if (me.user.mustChangePassword) return <MustChangePassword />;
  return (
    <LiveProvider>
      <OperationToasts />
      <Frame />
    </LiveProvider>
  );
}

function Frame() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const narrow = useMediaQuery("(max-width: 61.99em)");
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    close();
    // A screen reader would otherwise stay on the link of a page that is gone.
    main.current?.focus({ preventScroll: true });
  }, [pathname, close]);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "md", collapsed: { mobile: !opened } }}
      padding={0}
      layout="alt"
      classNames={{ header: "dk-header", navbar: "dk-navbar", main: "dk-main" }}
    >
      <a href="#main" className="dk-skip">
        Skip to the content
      </a>
      <AppShell.Header>
        <Burger opened={opened} onClick={toggle} hiddenFrom="md" size="sm" aria-label="Menu" aria-expanded={opened} />
        <Link to="/" className="dk-header-brand" aria-label="docklet, overview">
          <Wordmark size={26} />
        </Link>
        <div className="dk-header-tools">
          <OperationsButton />
          <SchemeToggle />
          <UserMenu />
        </div>
      </AppShell.Header>
      {/* Off screen on a phone until it is called: the keyboard must not wander into it. */}
      <AppShell.Navbar aria-label="Main" inert={narrow && !opened}>
        <div className="dk-navbar-brand">
          <Link to="/" aria-label="docklet, overview">
            <Wordmark size={30} bare />
          </Link>
          <Burger opened={opened} onClick={toggle} hiddenFrom="md" size="sm" aria-label="Close the menu" color="#fff" />
        </div>
        <Nav />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1}>
        <ConnectionBanner />
        <div className="dk-content">
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  );
}
