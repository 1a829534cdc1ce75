import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { byteLevelTokenizer, type Fixture, writeNetwork } from "./network-folder.ts";

/** The contract suite's source vocabulary, id by id, as a byte-level tokenizer writes it, then ids of the network's own. */
const PIECES: Readonly<Record<string, number>> = {
  "<unk>": 0,
  "<s>": 1,
  "</s>": 2,
  Ã: 3,
  "©": 4,
  Ċ: 5,
  ...Object.fromEntries(Array.from("abcdefghij", (letter, i) => [letter, 8 + i])),
  ab: 19,
  Ġc: 20,
  Ġ: 21,
  bc: 22,
  ca: 23,
};

/** A random hypernetwork for the model of the contract suite; what its tokenizer cannot spell: "ö". */
export function writeContractNetwork(
  folder: string,
  changes: Record<string, unknown> = {},
  name = "contract",
): Fixture {
  const fixture = writeNetwork(folder, name, changes);
  const tokenizer = byteLevelTokenizer(PIECES, ["a b", "Ġ c", "b c", "c a"]);
  writeFileSync(join(folder, "tokenizer.json"), tokenizer);
  return fixture;
}
