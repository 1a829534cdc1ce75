import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Every way in which the packages under `root` depart from `layers`, one sentence each; none when all is well. */
export function checkLayers(root: string, layers: readonly (readonly string[])[]): string[] {
  const folders = ["packages", "apps"].flatMap((group) =>
    existsSync(join(root, group))
      ? readdirSync(join(root, group)).map((name) => (group === "apps" ? `apps/${name}` : name))
      : [],
  );
  const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer] as const)));
  return folders.flatMap((folder) => checkPackage(root, folder, layerOf));
}

function checkPackage(root: string, folder: string, layerOf: ReadonlyMap<string, number>): string[] {
  const directory = join(root, folder.startsWith("apps/") ? folder : join("packages", folder));
  const layer = layerOf.get(folder);
  if (layer === undefined) return [`${folder} stands in no layer: add it to tools/check-layers/layers.ts`];
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
  const problems: string[] = [];
  const used = new Set<string>();
  for (const file of sourceFiles(join(directory, "src"))) {
    const text = readFileSync(file, "utf8");
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

function sourceFiles(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? sourceFiles(path) : path.endsWith(".ts") ? [path] : [];
  });
}

function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']\s*\)|(?:^|\n)\s*import\s*["']([^"']+)["']/g;
  return Array.from(text.matchAll(pattern), (match) => (match[1] ?? match[2] ?? match[3]) as string);
}
