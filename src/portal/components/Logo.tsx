/** The mark: containers at the quay, one of them just arriving. */
export function Logo({ size = 30, bare = false }: { size?: number; bare?: boolean }) {
  return (
    <img
      src={bare ? "/icons/mark.svg" : "/icons/logo.svg"}
      width={size}
      height={size}
      alt=""
      aria-hidden
      className="dk-logo"
    />
  );
}

/** `bare`: on a dark ground of its own, where the mark needs no tile. */
export function Wordmark({ size = 30, bare = false }: { size?: number; bare?: boolean }) {
  return (
    <span className="dk-wordmark">
      <Logo size={size} bare={bare} />
      <span>docklet</span>
    </span>
  );
}
