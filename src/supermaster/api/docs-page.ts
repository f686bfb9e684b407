import type { OpenApi, Operation } from "./openapi.ts";

const escaped = (text: unknown): string => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#d5d9e0,#3b4048);--soft:light-dark(#f4f6f8,#22262c);--link:light-dark(#0b5cad,#7ab7ff)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem}
a{color:var(--link)}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
article{border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0}
h3{font-size:1rem;margin:0}code,pre{font:14px/1.5 ui-monospace,monospace}
pre{background:var(--soft);padding:.75rem;border-radius:.4rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;border-top:1px solid var(--line);vertical-align:top}
summary{cursor:pointer}p{margin:.4rem 0}`;

/** The API for reading: one page, no script, nothing from elsewhere. */
export function docsPage(api: OpenApi): string {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = api.tags.map(({ name }) => {
    const own = operations.filter((o) => o.operation.tags.includes(name));
    return `<section id="${escaped(name)}"><h2>${escaped(name)}</h2>${own.map((o) => article(o.path, o.method, o.operation)).join("")}</section>`;
  });
  const schemas = Object.entries(api.components.schemas).sort(([a], [b]) => a.localeCompare(b));
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>docklet API</title><style>${STYLE}</style></head><body><main>
<h1>docklet API <small>${escaped(api.info.version)}</small></h1>
<p>${escaped(api.info.description)} All addresses are below <code>${escaped(api.servers[0]?.url)}</code>. The same as data: <a href="openapi.json">openapi.json</a>.</p>
<nav aria-label="Sections"><p>${api.tags.map((t) => `<a href="#${escaped(t.name)}">${escaped(t.name)}</a>`).join(" · ")} · <a href="#schemas">schemas</a></p></nav>
${sections.join("")}
<section id="schemas"><h2>schemas</h2>${schemas.map(([id, s]) => `<article id="schema-${escaped(id)}"><h3>${escaped(id)}</h3>${block(s)}</article>`).join("")}</section>
</main></body></html>`;
}

function article(path: string, method: string, o: Operation): string {
  const rows = o.parameters.map(
    (p) =>
      `<tr><td><code>${escaped(p.name)}</code></td><td>${escaped(p.in)}${p.required ? ", required" : ""}</td><td>${escaped(p.description ?? "")}</td></tr>`,
  );
  const table =
    rows.length === 0
      ? ""
      : `<table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
  const body = o.requestBody?.content["application/json"]?.schema;
  const answers = Object.entries(o.responses).filter(([status]) => !status.endsWith("XX"));
  return `<article id="${escaped(o.operationId)}"><h3><code>${escaped(method.toUpperCase())} ${escaped(path)}</code></h3>
<p>${escaped(o.summary)}. ${escaped(o.description)}</p>${table}
${body ? `<details><summary>Request body</summary>${block(body)}</details>` : ""}
${answers.map(([status, a]) => answer(status, a.content)).join("")}</article>`;
}

function answer(status: string, content: Record<string, { schema: unknown }> | undefined): string {
  const schema = content?.["application/json"]?.schema;
  if (!schema) return `<p>Answer: ${escaped(status)}${content ? ` ${escaped(Object.keys(content)[0])}` : ""}</p>`;
  return `<details><summary>Answer ${escaped(status)}</summary>${block(schema)}</details>`;
}

/** JSON with its references made into links. */
function block(schema: unknown): string {
  const text = escaped(JSON.stringify(schema, null, 2));
  return `<pre>${text.replace(/#\/components\/schemas\/(\w+)/g, '<a href="#schema-$1">$1</a>')}</pre>`;
}
