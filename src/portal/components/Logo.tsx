/** The mark: containers at the quay, one of them just arriving. */
export function Logo({ size = 30 }: { size?: number }) {
  return <img src="/icons/logo.svg" width={size} height={size} alt="" aria-hidden className="dk-logo" />;
}

export function Wordmark({ size = 30 }: { size?: number }) {
  return (
    <span className="dk-wordmark">
      <Logo size={size} />
      <span>docklet</span>
    </span>
  );
}
