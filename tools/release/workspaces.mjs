import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("../..", import.meta.url));

/** Every workspace: its folder from the root, its path and its manifest. */
export function workspaces(root = here) {
  const { workspaces: patterns } = manifestAt(root);
  return patterns
    .flatMap((pattern) =>
      pattern.endsWith("/*")
        ? readdirSync(join(root, pattern.slice(0, -2))).map((name) => `${pattern.slice(0, -2)}/${name}`)
        : [pattern],
    )
    .map((folder) => ({ folder, path: join(root, folder), manifest: manifestAt(join(root, folder)) }));
}

/** Those that are published, each behind what it depends on. */
export function publicWorkspaces(root = here) {
  const all = new Map(
    workspaces(root)
      .filter(({ manifest }) => !manifest.private)
      .map((workspace) => [workspace.manifest.name, workspace]),
  );
  const ordered = new Set();
  const add = (workspace) => {
    for (const name of Object.keys(workspace.manifest.dependencies ?? {}))
      if (all.has(name)) add(all.get(name));
    ordered.add(workspace);
  };
  for (const workspace of all.values()) add(workspace);
  return [...ordered];
}

export function manifestAt(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
