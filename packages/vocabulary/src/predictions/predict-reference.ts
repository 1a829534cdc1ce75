import type { Tokenizer } from "../tokenizer.ts";
import { unlessRefused } from "../writable-encoder.ts";
import { GGUF_CONVERTER } from "./gguf-converter.ts";

/** Whether AutoTokenizer of transformers gives the ids of tokenizer.json. */
export interface ReferencePrediction {
  /** The class that AutoTokenizer uses. */
  readonly className: string;
  /**
   * Whether texts get the ids that tokenizer.json gives them; null where it is not known, because the class has code of its own
   * or cannot open the files.
   */
  readonly keepsIds: boolean | null;
  /** What the class changes, or why it is not known, in sentences. */
  readonly reasons: readonly string[];
  /** A text that gets other ids, with both; only where {@link keepsIds} is false. */
  readonly example: {
    readonly text: string;
    readonly file: readonly number[];
    readonly reference: readonly number[];
  } | null;
}

/**
 * Predicts whether AutoTokenizer keeps the ids of a tokenizer.json: by the class that it chooses for the folder, and by encoding
 * sample texts, with their special tokens, as that class and as the file does.
 * @param tokenizer read as AutoTokenizer opens the folder
 * @param asFile opens it as tokenizer.json says (`reading: "file"`); called only where the readings differ
 * @throws RevocabError `bad_tokenizer` when the tokenizers library cannot run it
 */
export async function predictReference(
  tokenizer: Tokenizer,
  asFile: () => Promise<Tokenizer>,
): Promise<ReferencePrediction> {
  const { className, isInForce, reason, differences } = tokenizer.reference;
  if (!isInForce) return { className, keepsIds: null, reasons: [reason!], example: null };
  if (differences.length === 0) return { className, keepsIds: true, reasons: [], example: null };
  const example = await findOtherIds(tokenizer, await asFile());
  return { className, keepsIds: example === null, reasons: differences, example };
}

/** The first sample that the two readings encode otherwise. */
async function findOtherIds(reference: Tokenizer, file: Tokenizer): Promise<ReferencePrediction["example"]> {
  for (const text of SAMPLES) {
    const [ofReference, ofFile] = await Promise.all(
      [reference, file].map(async (one) => (await unlessRefused(one.encodeWithSpecials(text)))?.ids),
    );
    if (`${ofReference}` !== `${ofFile}`) {
      return { text, file: [...(ofFile ?? [])], reference: [...(ofReference ?? [])] };
    }
  }
  return null;
}

/** Words, case, accents, numbers, scripts, white space and punctuation. */
const SAMPLES: readonly string[] = [
  "Hello world",
  " The  dog ran 12345 times.",
  "Ünïcödé CAFÉ ﬁne ½",
  "def f(x):\n    return x\n\n\t# end\r\n",
  "你好 हिन्दी العربية",
  GGUF_CONVERTER.checkText,
];

/** In one sentence: `opens it as Qwen2Tokenizer and keeps its ids`. */
export function describeReference({ className, keepsIds, reasons }: ReferencePrediction): string {
  if (keepsIds === null)
    return `opens it as ${className}; whether its ids are kept is not known: ${reasons.join("; ")}`;
  if (keepsIds) {
    const changes = reasons.length === 0 ? "" : ", though not everything of tokenizer.json";
    return `opens it as ${className} and keeps the ids of texts${changes}`;
  }
  return `opens it as ${className} and gives texts other ids than tokenizer.json does`;
}
