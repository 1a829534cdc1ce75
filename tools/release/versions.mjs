import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manifestAt, workspaces } from "./workspaces.mjs";

/*
 * All packages have one version, and the changelog one list. What changesets keeps in files of their own stands under
 * "Unreleased" from the commit that makes the change.
 */

const UNRELEASED = "## Unreleased";
const DEPENDENCIES = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/**
 * Gives every package a version, and what is unreleased its heading.
 * @param date as YYYY-MM-DD
 */
export function setVersion(root, version, date) {
  if (!/^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/.test(version))
    throw new Error(`${version} is no version such as 1.2.3`);
  const path = join(root, "CHANGELOG.md");
  const changelog = readFileSync(path, "utf8");
  if (changesOf(changelog, "Unreleased") === "") throw new Error("CHANGELOG.md has nothing unreleased");
  if (changesOf(changelog, version) !== undefined) throw new Error(`CHANGELOG.md has ${version} already`);
  for (const { path: folder } of [{ path: root }, ...workspaces(root)]) {
    const manifest = { ...manifestAt(folder), version };
    for (const field of DEPENDENCIES)
      for (const name of Object.keys(manifest[field] ?? {}))
        if (name.startsWith("@revocab/")) manifest[field][name] = version;
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  writeFileSync(path, changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## ${version} (${date})`));
}

/**
 * What keeps a tag from being published, one sentence each.
 * @param repository its address, as `https://github.com/owner/name`
 */
export function findDisagreements(root, tag, repository) {
  const version = tag.replace(/^v/, "");
  const problems = [];
  if (!changesOf(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version))
    problems.push(`CHANGELOG.md has no changes of ${version}`);
  for (const { folder, manifest } of workspaces(root)) {
    if (manifest.version !== version) problems.push(`${folder} has the version ${manifest.version}`);
    for (const field of DEPENDENCIES)
      for (const [name, wanted] of Object.entries(manifest[field] ?? {}))
        if (name.startsWith("@revocab/") && wanted !== version)
          problems.push(`${folder} needs ${name} ${wanted}`);
    const found = manifest.repository?.url.replace(/^git\+|\.git$/g, "");
    // the registry refuses the provenance of a package that says it is from elsewhere
    if (!manifest.private && repository !== undefined && found !== repository)
      problems.push(`${folder} says that it is from ${found}, not from ${repository}`);
  }
  return problems;
}

/** The changes under the heading of a version; undefined without one. */
export function changesOf(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.split(/\s/, 1)[0] === version);
  return section?.slice(section.indexOf("\n")).trim();
}
