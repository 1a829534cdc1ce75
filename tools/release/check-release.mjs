// Refuses a tag that the manifests, the changelog or the repository do not agree with; else prints the changes of its version.
// usage: node tools/release/check-release.mjs TAG
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { changesOf, findDisagreements } from "./versions.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [tag] = process.argv.slice(2);
if (tag === undefined) throw new Error("usage: node tools/release/check-release.mjs TAG");
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
const problems = findDisagreements(root, tag, name === undefined ? undefined : `${server}/${name}`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(changesOf(readFileSync(join(root, "CHANGELOG.md"), "utf8"), tag.replace(/^v/, "")));
