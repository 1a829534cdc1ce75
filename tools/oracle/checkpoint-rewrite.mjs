/**
 * Rewrites model folders with rows that the reference library can predict: row t of every new table is row
 * (5 t + 3) mod V of the old one. `checkpoint-load.py` then loads both and compares.
 *
 *     node tools/oracle/checkpoint-rewrite.mjs FOLDER_OF_MODELS OUT [--extra 7] [--untie]
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  editJson,
  followVocabulary,
  openCheckpoint,
  rewriteCheckpoint,
  verifyCheckpoint,
} from "../../packages/checkpoint/dist/index.js";

const [models, out] = process.argv.slice(2);
const untie = process.argv.includes("--untie");
const extra = process.argv.includes("--extra")
  ? Number(process.argv[process.argv.indexOf("--extra") + 1])
  : 7;
const tokenIds = { byRole: () => undefined, byOldId: (id) => id };

for (const name of readdirSync(models)) {
  const checkpoint = await openCheckpoint(join(models, name));
  if (
    untie &&
    (!checkpoint.tied || checkpoint.untieForbidden !== undefined || checkpoint.headName === undefined)
  ) {
    await checkpoint.close();
    continue;
  }
  const rows = checkpoint.rows + extra;
  const target = join(out, name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await rewriteCheckpoint({
    checkpoint,
    out: target,
    rows,
    untie,
    produce: async ({ slot }, write) => {
      const table =
        checkpoint.tables.find((one) => one.slot === slot) ??
        checkpoint.tables.find((one) => one.slot === "input");
      const { matrix } = table;
      const bytes = new Uint8Array(matrix.columns * (matrix.dtype === "F32" ? 4 : 2));
      for (let row = 0; row < rows; row++) {
        // The row after: an untied head must differ from the input's rows.
        const shift = slot === "output" && untie ? 1 : 0;
        await matrix.readRows((5 * row + 3 + shift) % checkpoint.rows, 1, bytes);
        await write({ startRow: row, rows: 1, startColumn: 0, columns: matrix.columns, bytes });
      }
    },
  });
  for (const file of ["config.json", "generation_config.json"]) {
    const text = await readFile(join(models, name, file), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const options = { json: JSON.parse(text), sourceRows: checkpoint.rows, rows, tokenIds, untie };
    const { changes, unmapped } = followVocabulary(options);
    if (unmapped.length > 0) console.error(name, file, unmapped);
    writeFileSync(join(target, file), editJson(text, changes));
  }
  await verifyCheckpoint(target, { source: checkpoint, rows, untie });
  await checkpoint.close();
  console.log(`${name}: ${checkpoint.rows} -> ${rows}${untie ? ", untied" : ""}`);
}
