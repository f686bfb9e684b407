import { formatPercent, share } from "../format/amounts.ts";

interface Props {
  label: string;
  /** In words, for example "3 of 8 cores". */
  text: string;
  /** What is still free, in words. */
  left?: string;
  used: number;
  total: number;
  /** A second, lighter part: promised but not measured. */
  reserved?: number;
  compact?: boolean;
}

/** A bar of something limited. Turns amber from 80 % and red from 95 %, and says the same in words. */
export function Meter({ label, text, left, used, total, reserved, compact = false }: Props) {
  const part = share(used, total);
  const level = part >= 0.95 ? "full" : part >= 0.8 ? "high" : "fine";
  return (
    <div className="dk-meter" data-compact={compact || undefined}>
      <div className="dk-meter-head">
        <span className="dk-meter-label">{label}</span>
        <span className="dk-meter-text">{text}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: <meter> cannot show a second part, and cannot be styled alike everywhere */}
      <div
        className="dk-meter-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(part * 100)}
        aria-valuetext={`${text}, ${formatPercent(part)}`}
      >
        {reserved !== undefined && (
          <span className="dk-meter-reserved" style={{ width: `${share(reserved, total) * 100}%` }} />
        )}
        <span className="dk-meter-fill" data-level={level} style={{ width: `${part * 100}%` }} />
      </div>
      {left && <div className="dk-meter-left">{left}</div>}
    </div>
  );
}
