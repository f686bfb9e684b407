import { IconNotebook, IconPlus, IconTerminal2 } from "@tabler/icons-react";

const STEPS = [
  {
    Icon: IconPlus,
    title: "Press New cluster",
    text: "A private Linux machine starts in about a second. You are root on it; nobody else sees it.",
  },
  {
    Icon: IconNotebook,
    title: "Open Jupyter",
    text: "Notebooks, files and Python with the usual scientific packages, in your browser.",
  },
  {
    Icon: IconTerminal2,
    title: "Or a terminal",
    text: "apt install what you need. It keeps running when you close the lid.",
  },
];

/** The first thing a new person sees: what this is for, in three steps. */
export function Welcome() {
  return (
    <section className="dk-welcome" aria-labelledby="welcome-title">
      <QuayDrawing />
      <h2 id="welcome-title">The quay is empty. Bring in your first cluster.</h2>
      <p>
        A cluster is one or more Linux nodes of your own on a private network. Your data folder <code>~/nfs</code> is on
        every node and stays when clusters go.
      </p>
      <ol>
        {STEPS.map(({ Icon, title, text }) => (
          <li key={title}>
            <Icon size={22} aria-hidden stroke={1.6} />
            <strong>{title}</strong>
            <span className="dk-welcome-text">{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const SLOTS = [0, 1, 2, 3, 4, 5, 6];
const left = (slot: number) => 14 + slot * 36.5;

/** A quay with `boxes` containers on it, and one on the hook. */
export function QuayDrawing({ boxes = 0 }: { boxes?: number }) {
  const hook = left(boxes);
  return (
    <svg className="dk-quay" viewBox="0 0 280 84" aria-hidden focusable="false">
      {SLOTS.map((i) => (
        <rect
          key={i}
          x={left(i)}
          y={36}
          width={30}
          height={24}
          rx={4}
          className={i < boxes ? "dk-quay-box" : "dk-quay-slot"}
        />
      ))}
      <g className="dk-quay-crane">
        <path d={`M${hook + 15} 8v12`} />
        <rect x={hook} y={20} width={30} height={24} rx={4} />
      </g>
      <path d="M4 66h272l-8 11a8 8 0 0 1-6.5 3H18.5a8 8 0 0 1-6.5-3z" className="dk-quay-wall" />
    </svg>
  );
}
