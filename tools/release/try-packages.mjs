/**
 * Packs every public workspace and installs the tarballs as a stranger does: outside the clone, without install scripts or a compiler.
 * Then the strictest program compiles against the libraries, each of their entries is loaded, and the command does its work.
 * It takes a minute or two and the npm registry. It runs on the Node that runs it.
 * usage: node tools/release/try-packages.mjs [--typescript VERSION] [--keep]
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { publicWorkspaces } from "./workspaces.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { values: options } = parseArgs({
  options: {
    typescript: { type: "string", default: devDependencies.typescript },
    keep: { type: "boolean", default: false },
  },
});
const place = realpathSync(mkdtempSync(join(tmpdir(), "revocab-packages-")));
try {
  const packages = pack(publicWorkspaces());
  for (const one of packages) checkContent(one);
  useLibraries(packages.filter(({ manifest }) => manifest.exports !== undefined));
  useCommand(packages.find(({ manifest }) => manifest.name === "revocab"));
  console.log(`all of it works on Node ${process.version}, ${process.platform}-${process.arch}`);
} finally {
  if (options.keep) console.log(`kept in ${place}`);
  else rmSync(place, { recursive: true, force: true });
}

function pack(workspaces) {
  const tarballs = join(place, "tarballs");
  mkdirSync(tarballs);
  return workspaces.map((workspace) => {
    const said = npm(workspace.path, "pack", "--json", "--pack-destination", tarballs);
    const [{ filename, files, unpackedSize }] = Object.values(JSON.parse(said));
    return {
      ...workspace,
      tarball: join(tarballs, filename),
      files: files.map(({ path }) => path),
      unpackedSize,
    };
  });
}

/** A tarball has what its manifest names, a license and a page for the registry, and no source map without its source. */
function checkContent({ manifest, path: folder, files }) {
  const entries = Object.values(manifest.exports ?? {}).flatMap((entry) => Object.values(entry));
  const named = [...entries, ...Object.values(manifest.bin ?? {})].map((path) => path.replace(/^\.\//, ""));
  for (const path of ["README.md", "LICENSE", "package.json", ...named])
    if (!files.includes(path)) fail(`${manifest.name} has no ${path}`);
  for (const path of files) {
    if (/\.(map|tsbuildinfo)$/.test(path)) fail(`${manifest.name} has ${path}`);
    if (/\.[cm]?js$/.test(path) && /^\/\/# sourceMappingURL=/m.test(readFileSync(join(folder, path), "utf8")))
      fail(`${path} of ${manifest.name} names a source map that is not in the package`);
  }
}

function useLibraries(libraries) {
  const project = join(place, "libraries");
  cpSync(join(root, "tools/consumer/src"), join(project, "src"), { recursive: true });
  cpSync(join(root, "tools/consumer/tsconfig.json"), join(project, "tsconfig.json"));
  const dependencies = Object.fromEntries(
    libraries.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]),
  );
  const compiler = { typescript: options.typescript, "@types/node": devDependencies["@types/node"] };
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies, devDependencies: compiler }),
  );
  npm(project, "install", "--ignore-scripts", "--no-audit", "--no-fund");
  run(project, process.execPath, "node_modules/typescript/bin/tsc", "-p", ".");
  console.log(
    `the strictest program compiles against ${libraries.length} libraries, by TypeScript ${options.typescript}`,
  );
  const entries = libraries.flatMap(({ manifest: { name, exports } }) =>
    Object.keys(exports).map((entry) => name + entry.slice(1)),
  );
  writeFileSync(join(project, "load.mjs"), entries.map((entry) => `await import("${entry}");\n`).join(""));
  run(project, process.execPath, "load.mjs");
  console.log(`${entries.length} entries of theirs can be loaded`);
}

function useCommand({ tarball, unpackedSize }) {
  const prefix = join(place, "command");
  mkdirSync(prefix);
  npm(
    place,
    "install",
    "--global",
    "--prefix",
    prefix,
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    tarball,
  );
  const modules = process.platform === "win32" ? "node_modules" : "lib/node_modules";
  const command = join(prefix, modules, "revocab/bin/revocab.js");
  const revocab = (...args) => run(place, process.execPath, command, ...args, "--quiet");
  const [model, tokenizer, text] = ["model", "tokenizer", "stories.txt"].map((name) =>
    join(root, "sample", name),
  );
  console.log(
    `revocab ${revocab("--version").trim()}, ${(unpackedSize / 1e6).toFixed(1)} MB without onnxruntime`,
  );
  process.stdout.write(revocab("doctor"));
  revocab("inspect", model);
  revocab("swap", model, "--tokenizer", tokenizer, "--out", "swapped");
  if (existsSync(join(prefix, modules, "revocab/node_modules/onnxruntime-node")))
    revocab("eval", "swapped", "--text", text, "--max-bytes", "200");
  console.log("revocab inspects, swaps and scores the sample");
}

function npm(cwd, ...args) {
  // the first node on the path is the one that npm runs on
  return run(cwd, "npm", ...args);
}

function run(cwd, command, ...args) {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    shell: process.platform === "win32" && command === "npm",
    env: { ...process.env, PATH: path, NODE_PATH: "" },
  });
  if (status !== 0) fail(`${command} ${args.join(" ")} failed in ${cwd}\n${stdout}${stderr}`);
  return stdout;
}

function fail(message) {
  throw new Error(message);
}
