import type { SafetensorsFile, WeightFiles } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import type { TableRows } from "./build-network.ts";
import type { NetworkConfig } from "./network-config.ts";

/**
 * Tables of positions are as long as the encoder's config, which is not in the folder, had them.
 * @throws RevocabError `shape_mismatch` when they are shorter than a surface form
 */
export function tableRows({ files }: WeightFiles, { formLength }: NetworkConfig): TableRows {
  const rowsOf = (name: string, least: number) => {
    const tensor = `model.embeddings.${name}.weight`;
    const isOf = ({ tensors }: SafetensorsFile) => tensors.find(({ name }) => name === tensor);
    const file = files.find(isOf);
    const rows = file && isOf(file)?.shape[0];
    // a tensor that is missing is an error when the graph takes it
    if (file === undefined || rows === undefined || rows >= least) return rows ?? least;
    throw new RevocabError(
      "shape_mismatch",
      `${file.path} holds ${tensor} with ${rows} rows; by the config it has at least ${least}`,
      { hint: "config.json and the weights belong to different hypernetworks: download both again" },
    );
  };
  return {
    positions: rowsOf("position_embeddings", formLength),
    tokenTypes: rowsOf("token_type_embeddings", 1),
  };
}
