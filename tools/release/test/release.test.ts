import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changesOf, findDisagreements, setVersion } from "../versions.mjs";
import { manifestAt, publicWorkspaces, workspaces } from "../workspaces.mjs";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const { repository: home, engines } = manifestAt(repository);

describe("a published package", () => {
  it.each(publicWorkspaces().map(({ folder, path, manifest }) => [folder, path, manifest] as const))(
    "%s names what its users and the registry need",
    (folder, path, manifest) => {
      expect(manifest.repository).toEqual({ ...home, directory: folder });
      expect(manifest).toMatchObject({ license: "Apache-2.0", type: "module", engines });
      expect(manifest.publishConfig).toEqual({ access: "public" });
      expect(manifest.scripts.prepack).toBe("node ../../tools/release/prepack.mjs");
      expect(manifest.description.length).toBeGreaterThan(20);
      expect(existsSync(join(path, "README.md"))).toBe(true);
      for (const entry of Object.values(manifest.exports ?? {}))
        expect(entry).toEqual({
          types: expect.stringMatching(/^\.\/dist\/\w+\.d\.ts$/),
          default: expect.stringMatching(/^\.\/dist\/\w+\.js$/),
        });
    },
  );

  it("is packed with its license, its page and its types, without maps and sources", () => {
    const { stdout } = npm(join(repository, "packages/core"), "pack", "--dry-run", "--json");
    const [{ files }] = Object.values(JSON.parse(stdout) as Record<string, { files: { path: string }[] }>);
    const names = files.map(({ path }) => path);
    expect(names).toEqual(
      expect.arrayContaining(["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"]),
    );
    expect(names.filter((name) => /\.map$|^src|tsbuildinfo/.test(name))).toEqual([]);
  });

  it("that is private is not packed", () => {
    const { status, stderr } = npm(join(repository, "tools/test-support"), "pack", "--dry-run");
    expect(status).not.toBe(0);
    expect(stderr).toContain("@revocab/test-support is private and not published");
  });

  it("comes after those that it depends on", () => {
    const order = publicWorkspaces().map(({ manifest }) => manifest.name);
    for (const { manifest } of publicWorkspaces())
      for (const name of Object.keys(manifest.dependencies ?? {}).filter((one) => order.includes(one)))
        expect(order.indexOf(name)).toBeLessThan(order.indexOf(manifest.name));
  });
});

describe("a release", () => {
  let copy = "";
  const changelog = () => readFileSync(join(copy, "CHANGELOG.md"), "utf8");
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), "revocab-release-"));
    for (const folder of ["", ...workspaces().map((one) => one.folder)]) {
      const to = join(copy, folder, "package.json");
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(repository, folder, "package.json"), to);
    }
    writeFileSync(join(copy, "CHANGELOG.md"), "# Changelog\n\n## Unreleased\n\n- A change.\n");
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  it("gives all packages one version, and the changes their heading", () => {
    setVersion(copy, "7.8.9", "2030-01-02");
    expect(changelog()).toBe("# Changelog\n\n## Unreleased\n\n## 7.8.9 (2030-01-02)\n\n- A change.\n");
    expect(changesOf(changelog(), "7.8.9")).toBe("- A change.");
    const address = home.url.replace(/^git\+|\.git$/g, "");
    expect(findDisagreements(copy, "v7.8.9", address)).toEqual([]);
    expect(() => setVersion(copy, "7.9.0", "2030-01-03")).toThrow("nothing unreleased");
  });

  it("is refused by a tag, a changelog or a repository that says something else", () => {
    setVersion(copy, "7.8.9", "2030-01-02");
    expect(findDisagreements(copy, "v7.9.0", undefined)).toEqual(
      expect.arrayContaining([
        "CHANGELOG.md has no changes of 7.9.0",
        "packages/core has the version 7.8.9",
        "apps/revocab needs @revocab/core 7.8.9",
      ]),
    );
    expect(findDisagreements(copy, "v7.8.9", "https://github.com/fork/revocab")).toContainEqual(
      expect.stringMatching(
        /^packages\/chain-rule says that it is from .*, not from https:\/\/github\.com\/fork\/revocab$/,
      ),
    );
  });

  it("has a version that is one", () => {
    expect(() => setVersion(copy, "next", "2030-01-02")).toThrow("next is no version");
  });
});

function npm(cwd: string, ...args: readonly string[]) {
  return spawnSync("npm", args, { cwd, encoding: "utf8", shell: process.platform === "win32" });
}
