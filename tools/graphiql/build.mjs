// Bundles GraphiQL, its styles and the persona page's start-up into gateway/pages/static/graphiql.

import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const here = import.meta.dirname;
const destination = join(here, "../../gateway/pages/static/graphiql");

// GraphiQL's style sheet embeds 330 KB of fonts; the page uses the system's.
const withoutFonts = {
  name: "without-fonts",
  setup: ({ onLoad }) =>
    onLoad({ filter: /graphiql[/\\]dist[/\\]style\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(/@font-face\s*\{[^}]*\}/g, ""),
      loader: "css",
    })),
};

const { metafile } = await build({
  entryPoints: { graphiql: join(here, "source/main.js") },
  outdir: destination,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  metafile: true,
  plugins: [withoutFonts],
  absWorkingDir: here,
});

// The licence of every package that is really in the bundle; packages with the same text share it.
const folders = new Set(
  Object.keys(metafile.inputs)
    .map((path) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter(Boolean),
);
const namesByText = new Map();
for (const folder of [...folders].sort()) {
  const { name, version, license } = JSON.parse(await readFile(join(here, folder, "package.json"), "utf8"));
  const text = await licenceText(join(here, folder));
  namesByText.set(text, [...(namesByText.get(text) ?? []), `${name} ${version} (${license})`]);
}
const notices = [...namesByText].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
await writeFile(join(destination, "LICENSES.txt"), notices.join(`\n${"-".repeat(72)}\n\n`));

async function licenceText(folder) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "license.md", "LICENCE"]) {
    try {
      return (await readFile(join(folder, file), "utf8")).trim();
    } catch {
      continue;
    }
  }
  return "The package holds no licence text; the licence named here is the one it declares.";
}
