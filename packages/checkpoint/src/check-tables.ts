import { RevocabError, showText } from "@revocab/core";
import data from "./architectures.json" with { type: "json" };
import type { ConfigFacts } from "./config-facts.ts";
import type { FilePool } from "./file-source.ts";
import { hasOtherDimension, isOfOtherPart, readTableName } from "./table-names.ts";
import {
  type FindTablesOptions,
  type PlacedTensor,
  sameBytes,
  type TensorLocation,
  unsupportedDtype,
} from "./tensor-location.ts";

/** @throws RevocabError `bad_config` */
export function checkAgainstConfig(
  directory: string,
  facts: ConfigFacts,
  { entry, rows, columns }: TensorLocation,
): void {
  const { vocabularySize, widths } = facts;
  if (vocabularySize !== undefined && vocabularySize !== rows) {
    throw new RevocabError(
      "bad_config",
      `${showText(directory)}/config.json says vocab_size ${vocabularySize}, but ${showText(entry.name, 200)} has ${rows} rows`,
      { hint: "config and weights belong to different versions of the model: download both again" },
    );
  }
  if (widths.length > 0 && !widths.includes(columns)) {
    throw new RevocabError(
      "bad_config",
      `${showText(directory)}/config.json says that embeddings are ${widths.join(" or ")} wide, but ${showText(entry.name, 200)} has ${columns} columns`,
      { hint: "config and weights belong to different versions of the model: download both again" },
    );
  }
}

/** @throws RevocabError `unsupported_checkpoint` when the tables of a slot are no copies, or have other rows than the input. */
export async function checkSlot(
  slot: string,
  tensors: readonly TensorLocation[],
  rows: number,
  pool: FilePool,
): Promise<void> {
  const first = tensors[0]!;
  // A per-layer table may leave out the last ids (Gemma3n: no row for image and audio tokens).
  const fits = slot === "input.per_layer" ? first.rows <= rows : first.rows === rows;
  if (!fits) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${showText(first.entry.name, 200)} has ${first.rows} rows, but the input embeddings have ${rows}`,
      {
        hint:
          first.columns === rows
            ? "the tensor has a column per token; tables are rewritten where they have a row per token: store it transposed"
            : "a model with two vocabularies cannot be given one new vocabulary",
      },
    );
  }
  for (const other of tensors.slice(1)) {
    if (!(await sameBytes(pool, first, other))) {
      throw new RevocabError(
        "unsupported_checkpoint",
        `${showText(first.entry.name, 200)} and ${showText(other.entry.name, 200)} should be two copies of one table, but they differ`,
        {
          hint:
            "where both are read, give the second a slot of its own: " +
            `\`vocabularyTensors: ${showText(other.entry.name, 200)}=${slot.replace(/\.bias$/, "")}.second${slot.endsWith(".bias") ? ".bias" : ""}\``,
        },
      );
    }
  }
}

/** @throws RevocabError `unknown_tensor` for a tensor of the vocabulary's size that has no slot. */
export function rejectUnknown(
  placed: ReadonlyMap<string, PlacedTensor>,
  located: ReadonlyMap<string, readonly TensorLocation[]>,
  rows: number,
  { facts, ignoreTensors }: FindTablesOptions,
): void {
  const known = new Set([...ignoreTensors, ...[...located.values()].flat().map(({ entry }) => entry.name)]);
  for (const { file, entry } of placed.values()) {
    const { name, shape } = entry;
    if (known.has(name) || !shape.includes(rows) || hasOtherDimension(entry, rows, facts.config)) continue;
    throw new RevocabError(
      "unknown_tensor",
      `${showText(file.path)} holds ${showText(name, 200)} [${showText(String(shape), 200)}], which has a dimension as large as the vocabulary (${rows}) ` +
        "and is none of the tables this architecture is known to have",
      {
        hint:
          `if it has a row per token, name its slot: \`vocabularyTensors: ${showText(name, 200)}=${showText(likelySlot(entry, located), 200)}\`; ` +
          `if the size is a coincidence: \`ignoreTensors: ${showText(name, 200)}\``,
      },
    );
  }
}

/**
 * Integers that name tokens or rows by number mean others once the vocabulary changes, and no mixture of them is one.
 * @throws RevocabError `unsupported_checkpoint`
 */
export function rejectMaps(
  placed: ReadonlyMap<string, PlacedTensor>,
  { ignoreTensors }: FindTablesOptions,
): void {
  for (const { file, entry } of placed.values()) {
    const { name, dtype, shape } = entry;
    const reason = maps.get(name.split(".").at(-1)!);
    if (reason === undefined || /^B?F/.test(dtype) || ignoreTensors.includes(name)) continue;
    throw new RevocabError(
      "unsupported_checkpoint",
      `${showText(file.path)} holds ${showText(name, 200)} as ${dtype} [${showText(String(shape), 200)}]: ${reason}`,
      {
        hint: `it would have to be computed anew; where nothing reads it, pass \`ignoreTensors: ${showText(name, 200)}\``,
      },
    );
  }
}

/** The last part of the name that quantisers give to a weight: GPTQ and AWQ, compressed-tensors, quanto. */
const PACKED = /\.(qweight|weight_packed|weight\._data)$/;

/**
 * Several numbers in one, so that one dimension is no longer that of the table.
 * @throws RevocabError `unsupported_dtype` for a table that is stored so
 */
export function rejectPacked(
  placed: ReadonlyMap<string, PlacedTensor>,
  { facts: { vocabularySize }, vocabularyTensors, ignoreTensors }: FindTablesOptions,
): void {
  for (const { file, entry } of placed.values()) {
    const { name, shape } = entry;
    if (vocabularySize !== undefined && !shape.includes(vocabularySize)) continue;
    const plain = name.replace(PACKED, ".weight");
    if (plain === name || isOfOtherPart(plain) || readTableName(plain) === undefined) continue;
    if (ignoreTensors.includes(name) || Object.hasOwn(vocabularyTensors, name)) continue;
    throw unsupportedDtype(file, entry);
  }
}

const maps: ReadonlyMap<string, string> = new Map(Object.entries(data.maps));

/** The slot that a tensor most likely has, one that no other tensor has already: two in a slot must be copies. */
function likelySlot(
  { name, shape }: PlacedTensor["entry"],
  located: ReadonlyMap<string, readonly TensorLocation[]>,
): string {
  const isBias = shape.filter((count) => count !== 1).length === 1;
  const role = !isBias && /emb|wte|tok/.test(name) ? "input" : "output";
  const place = name.replace(/\.(weight|bias)$/, "").replace(/^model\./, "");
  const slot = isBias ? `${role}.bias` : role;
  return located.has(slot) ? `${role}.${place}${isBias ? ".bias" : ""}` : slot;
}
