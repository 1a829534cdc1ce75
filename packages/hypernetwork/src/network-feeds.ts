import { type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { readRows } from "@revocab/matrix";
import type { OnnxRuntime, OnnxTensor } from "@revocab/onnx";
import { PORTS, positionsOf } from "./build-network.ts";
import type { NetworkConfig } from "./network-config.ts";
import type { SurfaceForms } from "./surface-forms.ts";

/** The tables of the source model that a hypernetwork reads rows of. */
export interface SourceTables {
  /** [V_s × d] */
  readonly input: StoredMatrix;
  /** [V_s × d], where the network was trained for an untied model. */
  readonly output?: StoredMatrix;
}

/** The inputs of the graph for forms of one length: the rows of their distinct ids, and which form has which. */
export async function networkFeeds(
  { Tensor }: OnnxRuntime,
  config: NetworkConfig,
  { ids, lengths, formLength }: SurfaceForms,
  rows: Uint32Array,
  source: SourceTables,
  language: number | undefined,
): Promise<Record<string, OnnxTensor>> {
  const { sourceRows, sourceWidth, width, languages, readsAllPositions } = config;
  const length = readsAllPositions ? formLength : lengths[rows[0]];
  const B = rows.length;
  const spelled = new Int32Array(B * length);
  rows.forEach((form, b) => {
    spelled.set(ids.subarray(form * formLength, form * formLength + length), b * length);
  });
  const distinct = [...new Set(spelled)].sort((a, b) => a - b);
  const placeOf = new Map(distinct.map((id, place) => [id, BigInt(place)]));
  const named = Uint32Array.from(distinct.filter((id) => id < sourceRows));
  const extras = distinct.slice(named.length).map((id) => id - sourceRows);
  const sources = await sourceRowsOf(source, named);

  const integers = (values: readonly number[]) =>
    new Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
  const S = length + (languages === undefined ? 0 : 1);
  return {
    [PORTS.sources]: new Tensor("float32", sources, [named.length, sourceWidth]),
    [PORTS.extras]: integers(extras),
    [PORTS.ids]: new Tensor(
      "int64",
      BigInt64Array.from(spelled, (id) => placeOf.get(id)!),
      [B * length],
    ),
    [PORTS.forms]: integers([B, length, -1]),
    [PORTS.grid]: integers([B, S, -1]),
    [PORTS.positions]: integers([...Array(length).keys()]),
    ...(languages !== undefined && {
      [PORTS.language]: integers([checkedLanguage(languages.count, language)]),
      [PORTS.one]: integers([B, 1, width]),
    }),
    ...(readsAllPositions && {
      [PORTS.mask]: new Tensor(
        "bool",
        maskOf(
          config,
          Uint16Array.from(rows, (form) => lengths[form]),
        ),
        [B, 1, S, S],
      ),
    }),
  };
}

/** [named × source width] the rows of the input table, each followed by that of the head where the network reads both. */
async function sourceRowsOf({ input, output }: SourceTables, named: Uint32Array): Promise<Float32Array> {
  const inputs = await readRows(input, named);
  if (output === undefined) return inputs.data;
  const outputs = await readRows(output, named);
  const width = inputs.columns + outputs.columns;
  const data = new Float32Array(named.length * width);
  for (let i = 0; i < named.length; i++) {
    data.set(rowOf(inputs, i), i * width);
    data.set(rowOf(outputs, i), i * width + inputs.columns);
  }
  return data;
}

function rowOf({ columns, data }: Matrix, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}

/** @throws RevocabError `bad_options` without a language that the network has */
function checkedLanguage(count: number, language: number | undefined): number {
  if (language !== undefined && Number.isInteger(language) && language >= 0 && language < count)
    return language;
  throw new RevocabError(
    "bad_options",
    `the language was given as ${language ?? "nothing"}; this hypernetwork asks for a number below ${count}`,
    { hint: "languageIndex gives the number of a language by its name" },
  );
}

/** [B × S × S] attention mask: 1 for ids, 0 for padding. */
function maskOf(config: NetworkConfig, lengths: Uint16Array): Uint8Array {
  const S = positionsOf(config);
  const mask = new Uint8Array(lengths.length * S * S);
  for (let row = 0; row < lengths.length * S; row++) {
    mask.fill(1, row * S, row * S + lengths[Math.floor(row / S)]);
    if (config.languages !== undefined) mask[row * S + S - 1] = 1;
  }
  return mask;
}
