import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const installed = join(repository, "node_modules");

it("a program outside the workspace, with the strictest flags, has the public types that src says", () => {
  const folder = mkdtempSync(join(tmpdir(), "revocab-consumer-"));
  try {
    for (const name of ["src", "tsconfig.json"])
      cpSync(join(repository, "tools/consumer", name), join(folder, name), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const dependencies = readdirSync(join(repository, "packages")).flatMap((name) => install(name, folder));
    for (const name of new Set([...dependencies, "@types/node"])) link(name, folder);
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(installed, "typescript/bin/tsc"), "-p", "."],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Puts the manifest and the types of a package where npm would; returns what it depends on beside our packages. */
function install(name: string, folder: string): string[] {
  const from = join(repository, "packages", name);
  const to = join(folder, "node_modules/@revocab", name);
  cpSync(join(from, "package.json"), join(to, "package.json"));
  cpSync(join(from, "dist"), join(to, "dist"), {
    recursive: true,
    filter: (path) => path.endsWith(".d.ts") || statSync(path).isDirectory(),
  });
  const { dependencies = {} } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  return Object.keys(dependencies).filter((dependency) => !dependency.startsWith("@revocab/"));
}

function link(name: string, folder: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(installed, name), path, "junction");
}
