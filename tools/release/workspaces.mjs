import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every workspace that is published, with its manifest; and all of them, with those that are not. */
export function workspaces() {
  const { workspaces: patterns } = manifestOf(root);
  return patterns
    .flatMap((pattern) =>
      pattern.endsWith("/*")
        ? readdirSync(join(root, pattern.slice(0, -2))).map((name) => join(pattern.slice(0, -2), name))
        : [pattern],
    )
    .map((path) => ({ path, folder: join(root, path), manifest: manifestOf(join(root, path)) }));
}

export function publicWorkspaces() {
  return workspaces().filter(({ manifest }) => !manifest.private);
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
