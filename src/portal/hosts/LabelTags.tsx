import type { Labels } from "../../contracts/public/index.ts";
import { labelTexts } from "./labels.ts";

export function LabelTags({ labels }: { labels: Labels }) {
  const texts = labelTexts(labels);
  if (texts.length === 0) return null;
  return (
    <ul className="dk-labels" aria-label="Labels">
      {texts.map((t) => (
        <li key={t} className="dk-label">
          {t}
        </li>
      ))}
    </ul>
  );
}
