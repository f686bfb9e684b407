import { closeSync, openSync } from "node:fs";
import { CLONE, sethostname, setns } from "./syscalls.ts";

/** Sets the host name inside the UTS namespace of `pid`. This thread is back in its own before anything else runs. */
export function setHostnameOf(pid: number, name: string): void {
  const own = openSync("/proc/thread-self/ns/uts", "r");
  try {
    const theirs = openSync(`/proc/${pid}/ns/uts`, "r");
    try {
      setns(theirs, CLONE.NEWUTS);
      try {
        sethostname(name);
      } finally {
        setns(own, CLONE.NEWUTS);
      }
    } finally {
      closeSync(theirs);
    }
  } finally {
    closeSync(own);
  }
}
