import { createHash } from "node:crypto";

/** The gateway's own pages: self-contained, readable without scripts, and with a policy that lets nothing else in. */

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{max-width:34rem;padding:2rem}h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.5rem 0}
a{color:LinkText}small{opacity:.75}
.bar{height:4px;border-radius:2px;overflow:hidden;background:color-mix(in srgb,CanvasText 15%,Canvas);margin:1rem 0}
.bar i{display:block;height:100%;width:35%;background:#2f74d0;animation:go 1.4s ease-in-out infinite}
@keyframes go{from{margin-left:-35%}to{margin-left:100%}}
@media (prefers-reduced-motion:reduce){.bar i{animation:none;width:100%}}`;

/** Asks the same address until something else than "still starting" answers, then shows that. */
const POLL = `(()=>{const state=document.getElementById("state");let pause=400;
const ask=async()=>{try{const r=await fetch(location.href,{headers:{Accept:"application/json"},cache:"no-store",redirect:"manual"});
if(r.status!==503||r.headers.get("X-Docklet-State")!=="wait"){location.reload();return}
const p=await r.json();if(p.message&&state.textContent!==p.message)state.textContent=p.message}catch{}
pause=Math.min(pause*1.2,2000);setTimeout(ask,pause)};setTimeout(ask,pause)})();`;

const sha256 = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const POLICY = `default-src 'none'; style-src ${sha256(STYLE)}; script-src ${sha256(POLL)}; connect-src 'self'; base-uri 'none'; form-action 'none'`;

export interface Page {
  title: string;
  message: string;
  hint: string;
  /** Shown as a link below the text. */
  link: { href: string; text: string } | null;
  /** Polls, and shows that something is going on. */
  waiting: boolean;
  requestId: string;
}

export function pageHeaders(): string {
  return `Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: ${POLICY}\r\n`;
}

export function renderPage(page: Page): string {
  const link = page.link === null ? "" : `<p><a href="${html(page.link.href)}">${html(page.link.text)}</a></p>`;
  const hint = page.hint === "" ? "" : `<p>${html(page.hint)}</p>`;
  const bar = page.waiting ? `<div class="bar" aria-hidden="true"><i></i></div>` : "";
  const noscript = page.waiting
    ? `<noscript><p>Reload this page in a moment.</p></noscript><script>${POLL}</script>`
    : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${html(page.title)} · docklet</title><style>${STYLE}</style></head>
<body><main><h1>${html(page.title)}</h1>${bar}<p id="state" role="status">${html(page.message)}</p>${hint}${link}
<p><small>Request ${html(page.requestId)}</small></p></main>${noscript}</body></html>
`;
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
