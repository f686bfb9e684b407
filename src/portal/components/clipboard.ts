/** Copies text. The clipboard API exists on https only, and many a docklet is reached at http://IP. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Permission refused: the old way may still work.
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.style.cssText = "position:fixed;opacity:0";
  // Inside an open dialog if there is one: outside it the focus trap would take the selection away.
  const home = document.activeElement?.closest("[role=dialog]") ?? document.body;
  const before = document.activeElement as HTMLElement | null;
  home.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return copied;
}
