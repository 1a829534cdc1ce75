import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Every way in which the packages under `root` depart from the architecture, one sentence each; none when all is well:
 * - imports of other packages that point up or sideways, or are not declared;
 * - files of a package that import each other in a circle, types included;
 * - words of the command line in a library, which names options and functions as its callers do.
 */
export function checkLayers(root: string, layers: readonly (readonly string[])[]): string[] {
  const folders = ["packages", "apps"].flatMap((group) =>
    existsSync(join(root, group))
      ? readdirSync(join(root, group)).map((name) => (group === "apps" ? `apps/${name}` : name))
      : [],
  );
  const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer] as const)));
  const tools = sourceFiles(join(root, "tools"));
  return [
    ...folders.flatMap((folder) => checkPackage(root, folder, layerOf)),
    ...findCycles(root, new Map(tools.map((file) => [file, readFileSync(file, "utf8")]))),
  ];
}

function checkPackage(root: string, folder: string, layerOf: ReadonlyMap<string, number>): string[] {
  const directory = join(root, folder.startsWith("apps/") ? folder : join("packages", folder));
  const layer = layerOf.get(folder);
  if (layer === undefined) return [`${folder} stands in no layer: add it to tools/check-layers/layers.ts`];
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  // an app is bundled: what it imports is needed to build it, and no more
  const { dependencies, optionalDependencies, devDependencies } = manifest;
  const declared = new Set(
    Object.keys(
      folder.startsWith("apps/") ? { ...devDependencies } : { ...dependencies, ...optionalDependencies },
    ),
  );
  const problems: string[] = [];
  const used = new Set<string>();
  const files = sourceFiles(join(directory, "src"));
  const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
  problems.push(...findCycles(root, texts));
  for (const [file, text] of texts) {
    if (!folder.startsWith("apps/")) problems.push(...findCommandLine(file.slice(root.length + 1), text));
    // an optional package is imported by a variable name, so that the compiler does without it
    for (const name of Object.keys(manifest.optionalDependencies ?? {})) {
      if (text.includes(`import(name)`) && text.includes(`"${name}"`)) used.add(name);
    }
    for (const imported of importsOf(text)) {
      if (imported.startsWith(".") || imported.startsWith("node:")) continue;
      const name = imported
        .split("/")
        .slice(0, imported.startsWith("@") ? 2 : 1)
        .join("/");
      used.add(name);
      if (!declared.has(name))
        problems.push(
          `${file.slice(root.length + 1)} imports ${name}, which ${folder}/package.json does not declare`,
        );
      const other = /^@revocab\/(.+)$/.exec(name)?.[1];
      if (other !== undefined && !((layerOf.get(other) ?? Number.POSITIVE_INFINITY) < layer)) {
        problems.push(
          `${file.slice(root.length + 1)} imports ${name}: ${folder} may import only from lower layers`,
        );
      }
    }
  }
  for (const name of declared)
    if (!used.has(name))
      problems.push(`${folder}/package.json declares ${name}, which nothing in it imports`);
  return problems;
}

/** Files that import each other in a circle: none of them can be read, or changed, without all others. */
function findCycles(root: string, texts: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    if (path.includes(file)) {
      const circle = [...path.slice(path.indexOf(file)), file].map((one) => one.slice(root.length + 1));
      problems.push(`${circle.join(" imports ")}: files of a package may not import each other in a circle`);
    }
    if (done.has(file)) return;
    done.add(file);
    path.push(file);
    for (const imported of importsOf(texts.get(file) ?? "")) {
      const target = join(dirname(file), imported);
      if (imported.startsWith(".") && texts.has(target)) visit(target);
    }
    path.pop();
  };
  for (const file of texts.keys()) visit(file);
  return problems;
}

/** Flags and commands of revocab, in messages and comments alike; `--model_type` is a flag of another program. */
function findCommandLine(file: string, text: string): string[] {
  // a string or a comment begins before them on the line; a decrement stands in code
  const flags = text.matchAll(/(?<=(?:["'`*]|\/\/)[^\n]*[\s"'`(]|["'`])--[a-z]+(?:-[a-z]+)*(?![\w-])/g);
  const commands = text.matchAll(
    /\brevocab (?:swap|plan|apply|extend|prune|publish|explain|inspect|eval|compare|generate|vectors|corpus|align-text|methods)\b/g,
  );
  return [...flags, ...commands].map(
    ([found]) =>
      `${file} says "${found}": a library names the option or the function, the app its flag or command`,
  );
}

function sourceFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    if (["node_modules", "dist", "fixtures"].includes(name)) return [];
    const path = join(directory, name);
    return statSync(path).isDirectory() ? sourceFiles(path) : /\.(ts|mjs)$/.test(name) ? [path] : [];
  });
}

function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']\s*\)|(?:^|\n)\s*import\s*["']([^"']+)["']/g;
  return Array.from(text.matchAll(pattern), (match) => (match[1] ?? match[2] ?? match[3]) as string);
}
