import { join } from "node:path";
import { readTokenList } from "@revocab/vocabulary-editing";
import { readTypedTerms } from "../../../packages/embedding-init/dist/index.js";
import { readDictionary } from "../../../packages/vocab-alignment/dist/index.js";
import { damagedFolder } from "../mutate-file.mjs";

const seeds = [
  seedOf("dictionary.tsv", "dog\tHund\nthe cat\tdie Katze\nstory\tGeschichte\ndog\tHündin\n"),
  seedOf("terms.tsv", "aspirin\tdrug,painkiller\nHamburg\tcity\tport\n"),
  seedOf("terms.json", JSON.stringify({ aspirin: ["drug"], Hamburg: ["city", "port"] })),
  seedOf("tokens.txt", "Geschichte\nHund\n Katze\n"),
  seedOf(
    "tokens.json",
    JSON.stringify([
      "Hund",
      { text: "Katze", score: -9 },
      { content: "<|tool|>", special: true },
      { rename: "<unused0>", to: "<|call|>" },
    ]),
  ),
];
const READERS = [
  [/^dictionary/, readDictionary],
  [/^terms/, readTypedTerms],
  [/^tokens/, readTokenList],
];

export default function dictionaries() {
  return { seeds, mutant: (random) => damagedFolder(random, seeds), read };
}

async function read(folder, { name }) {
  const [, reader] = READERS.find(([names]) => names.test(name));
  await reader(join(folder, name));
  return [];
}

function seedOf(name, content) {
  return { name, files: { [name]: content }, attacked: [name] };
}
