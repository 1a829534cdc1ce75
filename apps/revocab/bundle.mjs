/**
 * Bundles the command into dist/bundle, which is what is published: revocab's packages and their libraries in one folder without
 * subfolders. Each command is in files of its own, loaded when it runs. What package.json names as optional stays outside.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve, sep } from "node:path";
import { rolldown } from "rolldown";

const out = "dist/bundle";

/** Platforms whose binding of the tokenizers library is inside: 24 of the 64 MB of all. Elsewhere its package is installed beside revocab. */
const PLATFORMS = ["linux-x64-gnu", "linux-arm64-gnu", "darwin-arm64", "darwin-x64", "win32-x64-msvc"];

const FILE_BESIDE = /(readFileSync\()?new URL\("(\.[^"]+)", import\.meta\.url\)/g;
const MANIFEST = /createRequire\(import\.meta\.url\)\("(\.[^"]+\/package\.json)"\)/g;

rmSync(out, { recursive: true, force: true });
const tokenizers = dirname(createRequire(import.meta.url).resolve("tokenizers"));
// of the second one, the parts that run in a page have been bundled before
const libraries = new Set([
  tokenizers,
  packageOf(createRequire(import.meta.url).resolve("@huggingface/tokenizers")),
]);
const bundle = await rolldown({
  input: { main: "dist/main.js" },
  platform: "node",
  resolve: { mainFields: ["module", "main"] }, // the other build of jsonc-parser loads its parts by variable names
  plugins: [
    {
      name: "revocab",
      transform(code, id) {
        if (id.includes(`${sep}node_modules${sep}`)) libraries.add(packageOf(id));
        return withVersions(
          withFiles(code, id, (file) => this.emitFile(file)),
          id,
        ).replaceAll(
          'createRequire(import.meta.url)("tokenizers")',
          'createRequire(import.meta.url)("./tokenizers.cjs")',
        );
      },
    },
  ],
  // such as an import that cannot be found, which would be left to the machine that runs the bundle
  onLog: (level, { message }) => {
    throw new Error(`${level} while bundling: ${message}`);
  },
});
await bundle.write({
  dir: out,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  minify: { compress: true, mangle: false }, // names stay: they stand in reports of faults
});
await bundle.close();
for (const platform of PLATFORMS) {
  cpSync(join(tokenizers, `tokenizers.${platform}.node`), join(out, `tokenizers.${platform}.node`));
}
cpSync("tokenizers.cjs", join(out, "tokenizers.cjs"));
writeFileSync(join(out, "THIRD-PARTY-LICENSES.txt"), [...libraries].map(licenseOf).sort().join("\n"));

/** Threads, processes and data, which a module finds by a URL beside its own, become files of the bundle. */
function withFiles(code, id, emitFile) {
  return code.replaceAll(FILE_BESIDE, (_, reading = "", path) => {
    const file = resolve(dirname(id), path);
    const fileName = `${basename(packageOf(file))}-${basename(file)}`;
    if (reading === "" && file.endsWith(".js")) emitFile({ type: "chunk", id: file, fileName });
    else emitFile({ type: "asset", source: readFileSync(file), fileName });
    return `${reading}new URL("./${fileName}", import.meta.url)`;
  });
}

/** A version that a module reads from its package's manifest becomes a literal: the manifest is not in the bundle. */
function withVersions(code, id) {
  return code.replaceAll(MANIFEST, (_, path) => {
    const { version } = JSON.parse(readFileSync(resolve(dirname(id), path), "utf8"));
    return JSON.stringify({ version });
  });
}

/** The folder of the package that a file belongs to. */
function packageOf(file) {
  const folder = dirname(file);
  const manifest = join(folder, "package.json");
  // a folder of a build may have a manifest that only says how its modules are read
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name !== undefined
    ? folder
    : packageOf(folder);
}

/** What the licenses of libraries ask for: their text, wherever the library goes. */
function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[sc]e/i.test(one));
  const text =
    file === undefined
      ? "The package has no text of its license.\n"
      : readFileSync(join(folder, file), "utf8");
  return `${"=".repeat(80)}\n${name} ${version}, ${license}\n\n${text}`;
}
