// Gives every model of checkpoint-types.py that revocab opens three rows more, copies of its first, and keeps all that
// it has: `node tools/oracle/checkpoint-types-rewrite.mjs FOLDER OUT`, then checkpoint-types-load.py. Build first.
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { editJson, followVocabulary, openCheckpoint, rewriteCheckpoint } from "@revocab/checkpoint";
import { BYTES_PER_VALUE } from "@revocab/core";

const [folder, target] = process.argv.slice(2);
for (const name of (await readdir(folder)).sort()) {
  if (name.startsWith(".") || name.endsWith(".json")) continue;
  const checkpoint = await openCheckpoint(join(folder, name)).catch(() => undefined);
  if (checkpoint === undefined) continue;
  const out = join(target, name);
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const rows = checkpoint.rows + 3;
  const produce = async ({ slot }, write) => {
    const { matrix } = checkpoint.tables.find((table) => table.slot === slot);
    const bytes = new Uint8Array(rows * matrix.columns * BYTES_PER_VALUE[matrix.dtype]);
    const end = (bytes.length / rows) * checkpoint.rows;
    await matrix.readRows(0, checkpoint.rows, bytes.subarray(0, end));
    for (let row = 0; row < 3; row++)
      bytes.set(bytes.subarray(0, bytes.length / rows), end + (row * bytes.length) / rows);
    await write({ startRow: 0, rows, startColumn: 0, columns: matrix.columns, bytes });
  };
  await rewriteCheckpoint({ checkpoint, out, rows, produce });
  const { changes } = followVocabulary({
    json: checkpoint.config,
    sourceRows: checkpoint.rows,
    rows,
    tokenIds: { byRole: () => undefined, byOldId: (id) => id },
  });
  // ids stay in this edit: sizes alone are followed
  const sizes = changes.filter(({ path }) => /vocab/.test(path));
  await writeFile(join(out, "config.json"), editJson(checkpoint.configText, sizes));
  await copyFile(join(folder, name, "expected.json"), join(out, "expected.json"));
  await checkpoint.close();
}
