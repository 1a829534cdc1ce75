/** Compiles assembly/ into dist/train/kernels.wasm. The same sources give the same bytes; nothing is fetched. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL(".", import.meta.url));
mkdirSync(new URL("dist/train", import.meta.url), { recursive: true });

const { error } = await asc.main(
  [
    ["assembly/index.ts", "--baseDir", root, "--outFile", "dist/train/kernels.wasm"],
    ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
    ["--enable", "simd,threads"],
    // The pages are the caller's: one memory holds the whole model, at most all that 32-bit addresses reach.
    [
      "--importMemory",
      "--sharedMemory",
      "--noExportMemory",
      "--initialMemory",
      "1",
      "--maximumMemory",
      "65536",
    ],
  ].flat(),
  { stderr: process.stderr },
);
if (error !== null) process.exitCode = 1;
