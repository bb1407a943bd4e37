import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const root = resolve(import.meta.dirname, "frontend");
const source = resolve(import.meta.dirname, "src/zhenxue");
const tabler = resolve(import.meta.dirname, "node_modules/@tabler/icons/icons");

/** Every island is an entry of its own: `frontend/islands/<name>/main.ts`. */
function entries(): Record<string, string> {
  const found: Record<string, string> = { main: join(root, "main.ts") };
  const islands = join(root, "islands");
  for (const name of existsSync(islands) ? readdirSync(islands) : []) {
    const entry = join(islands, name, "main.ts");
    if (existsSync(entry)) found[name] = entry;
  }
  return found;
}

function* files(folder: string, pattern: RegExp): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      if (!["built", "node_modules", "migrations", "__pycache__"].includes(name)) yield* files(path, pattern);
    } else if (pattern.test(name)) yield path;
  }
}

/** Names of the icons that templates, Python and scripts use, with those listed in `frontend/icons.txt`. */
function usedIcons(): Set<string> {
  const used = new Set(readFileSync(join(root, "icons.txt"), "utf8").split(/\s+/).filter(Boolean));
  const collect = (path: string, patterns: RegExp[]) => {
    const text = readFileSync(path, "utf8");
    for (const pattern of patterns) for (const match of text.matchAll(pattern)) if (match[1]) used.add(match[1]);
  };
  for (const path of files(source, /\.html$/)) collect(path, [/\{%\s*icon\s+["']([a-z0-9-]+)["']/g, /\bicon=["']([a-z0-9-]+)["']/g]);
  // Registrations name their icons by position: any quoted word of theirs that is an icon counts.
  for (const path of files(source, /^apps\.py$/)) {
    for (const [, name] of readFileSync(path, "utf8").matchAll(/["']([a-z0-9-]+)["']/g)) {
      if (name && existsSync(join(tabler, "outline", `${name}.svg`))) used.add(name);
    }
  }
  for (const path of files(source, /\.py$/)) collect(path, [/\bicon=["']([a-z0-9-]+)["']/g, /\bicon\(["']([a-z0-9-]+)["']/g]);
  return used;
}

/** Writes one SVG sprite of the used icons (Tabler icons, MIT) and names it in the manifest under `icons`. */
function sprite(): Plugin {
  return {
    name: "zhenxue-sprite",
    apply: "build",
    generateBundle() {
      const symbols: string[] = [];
      for (const name of [...usedIcons()].sort()) {
        const file = join(tabler, "outline", `${name}.svg`);
        if (!existsSync(file)) {
          this.warn(`no Tabler icon is called ${name}`);
          continue;
        }
        const body = readFileSync(file, "utf8").replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>[\s\S]*$/, "");
        symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, "")}</symbol>`);
      }
      const head = `<svg xmlns="http://www.w3.org/2000/svg"><!-- Tabler icons 3.51.0, MIT licence, (c) Pawel Kuna -->`;
      this.emitFile({ type: "asset", name: "icons.svg", originalFileName: "icons", source: `${head}${symbols.join("")}</svg>` });
    },
  };
}

/**
 * Lays `.gz` and `.br` beside every built file, so that the server sends them as they are, and clears away what older builds left. A page
 * that is served while this runs finds the old files or the new ones, never none.
 */
function finish(): Plugin {
  return {
    name: "zhenxue-finish",
    apply: "build",
    writeBundle(options, bundle) {
      const folder = options.dir ?? "";
      const kept = new Set<string>();
      for (const name of Object.keys(bundle)) {
        const path = join(folder, name);
        kept.add(path);
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        kept.add(`${path}.gz`).add(`${path}.br`);
      }
      for (const path of files(folder, /./)) if (!kept.has(path)) rmSync(path);
    },
  };
}

export default defineConfig({
  root,
  base: "/static/built/",
  publicDir: false,
  plugins: [sprite(), finish()],
  build: {
    outDir: resolve(source, "kernel/static/built"),
    emptyOutDir: false,
    manifest: "manifest.json",
    target: ["chrome108", "safari15.6", "firefox115"],
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
    rollupOptions: { input: entries() },
  },
});
