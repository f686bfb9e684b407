import { useEffect, useState } from "react";

/** Fills the window in any case, and the screen where the browser allows it. Leaving either way leaves both. */
export function useFullScreen(): [boolean, () => void] {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const onChange = () => {
      if (!document.fullscreenElement) setFull(false);
    };
    document.addEventListener("fullscreenchange", onChange);
    return () => {
      document.removeEventListener("fullscreenchange", onChange);
      if (document.fullscreenElement) void document.exitFullscreen();
    };
  }, []);
  const toggle = () => {
    if (full) {
      setFull(false);
      if (document.fullscreenElement) void document.exitFullscreen();
      return;
    }
    setFull(true);
    // The whole document, so that menus and messages are seen over it. A phone may refuse: the window it is, then.
    document.documentElement.requestFullscreen?.().catch(() => {});
  };
  return [full, toggle];
}
