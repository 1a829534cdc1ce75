/**
 * Compiles assembly/ of the package in which it is started: `node ../../tools/build-kernels.mjs dist/kernels.wasm`.
 * The same sources give the same bytes; nothing is fetched.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import asc from "assemblyscript/asc";

const output = process.argv[2];
mkdirSync(dirname(output), { recursive: true });

const { error } = await asc.main(
  [
    ["assembly/index.ts", "--outFile", output],
    ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
    ["--enable", "simd,threads"],
    // The caller makes the memory: as many pages as one product or one model needs, at most all that 32-bit addresses reach.
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
