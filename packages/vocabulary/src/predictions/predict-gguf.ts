import { createHash } from "node:crypto";
import { quote } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { splitDocument } from "../tokenizer-json/split-document.ts";
import { unlessRefused } from "../writable-encoder.ts";
import { type ConverterWay, GGUF_CONVERTER, waysOf } from "./gguf-converter.ts";

/** What llama.cpp's converter makes of a tokenizer. */
export interface GgufPrediction {
  /** Whether the converter writes the tokenizer or stops; `unknown` where the architecture has code of its own there. */
  readonly outcome: "written" | "stops" | "unknown";
  /** Why it stops, or what is not known; null for a tokenizer that is written. */
  readonly reason: string | null;
  /** The kind of tokenizer that llama.cpp runs (`tokenizer.ggml.model`); null unless it is written. */
  readonly tokenizerModel: "gpt2" | "llama" | "bert" | "t5" | null;
  /** The file that the converter takes the tokens from; null unless it is written. */
  readonly file: string | null;
  /** The pre-tokenizer (`tokenizer.ggml.pre`) of {@link hash}; null for a hash that the converter does not know. */
  readonly preTokenizer: string | null;
  /**
   * SHA-256 of the ids that AutoTokenizer gives the converter's check text; null where the text cannot be written, or where it is
   * not known here what AutoTokenizer makes of the folder.
   */
  readonly hash: string | null;
  /** The architecture that was asked about; for a tokenizer without a model `LlamaForCausalLM`, which tries most. */
  readonly architecture: string;
  /** The converter's version. */
  readonly commit: string;
}

export interface GgufSubject {
  readonly tokenizer: Tokenizer;
  /** Names of the files in the tokenizer's folder: the converter prefers some to tokenizer.json. */
  readonly fileNames: readonly string[];
  /** The first of `architectures` in config.json. @default "LlamaForCausalLM" */
  readonly architecture?: string | undefined;
  /** Rows of the model's tables, of which the converter makes as many tokens. @default as many as there are tokens */
  readonly rows?: number | undefined;
}

/**
 * Predicts what convert_hf_to_gguf.py of llama.cpp does with a tokenizer: whether it knows the pre-tokenizer by the hash of
 * the ids of its check text, or takes another way on which no hash is asked for, or stops.
 * @throws RevocabError `bad_tokenizer` when the tokenizers library cannot run it
 */
export async function predictGguf(subject: GgufSubject): Promise<GgufPrediction> {
  const { tokenizer, architecture = "LlamaForCausalLM" } = subject;
  const hash = tokenizer.reference.isInForce ? await checkHash(tokenizer) : null;
  const preTokenizer = (hash !== null && GGUF_CONVERTER.preTokenizers[hash]) || null;
  const facts = { hash, preTokenizer, architecture, commit: GGUF_CONVERTER.commit };
  const ways = waysOf(architecture);
  if (ways === undefined)
    return { ...facts, ...stops(`it does not know the architecture ${quote(architecture)}`) };
  for (const way of ways) {
    const taken = take(way, subject, { hash, preTokenizer });
    if (taken !== undefined) return { ...facts, ...taken };
  }
  return { ...facts, ...stops(`it needs a ${FILES[ways.at(-1)!] ?? "tokenizer.json"}, and there is none`) };
}

/** In one sentence: `BPE from tokenizer.json, pre-tokenizer gpt-2`. */
export function describeGguf({
  outcome,
  reason,
  tokenizerModel,
  file,
  preTokenizer,
}: GgufPrediction): string {
  if (outcome === "stops") return `the converter stops: ${reason}`;
  if (outcome === "unknown") return `${reason}`;
  const kind = `${KINDS[tokenizerModel!]} from ${file}`;
  return asksForHash(tokenizerModel)
    ? `${kind}, pre-tokenizer ${preTokenizer}`
    : `${kind}, without a pre-tokenizer`;
}

type Taken = Pick<GgufPrediction, "outcome" | "reason" | "tokenizerModel" | "file">;

/** What one way makes of the folder; undefined if it leaves it to the next. */
function take(
  way: ConverterWay,
  { tokenizer, fileNames, architecture, rows }: GgufSubject,
  known: Pick<GgufPrediction, "hash" | "preTokenizer">,
): Taken | undefined {
  switch (way) {
    case "sentencepiece":
      return fileNames.includes("tokenizer.model") ? written("llama", "tokenizer.model") : undefined;
    case "unigram": {
      const file = ["tokenizer.model", "spiece.model"].find((name) => fileNames.includes(name));
      return file === undefined ? undefined : written("t5", file);
    }
    case "xlm-roberta": {
      const file = ["sentencepiece.bpe.model", "tokenizer.json"].find((name) => fileNames.includes(name));
      return file === undefined ? undefined : written("t5", file);
    }
    case "llama-hf":
      return fileNames.includes("tokenizer.json") && isLlamaBpe(tokenizer)
        ? written("llama", "tokenizer.json")
        : undefined;
    case "hash":
    case "wordpiece":
      return byHash(way === "hash" ? "gpt2" : "bert", { tokenizer, rows, ...known });
    case "own":
      return unknown(`${architecture} has code of its own for its tokenizer, which is not followed here`);
  }
}

function byHash(
  model: "gpt2" | "bert",
  {
    tokenizer: { vocabulary, reference },
    rows = vocabulary.size,
    hash,
    preTokenizer,
  }: Pick<GgufSubject, "tokenizer" | "rows"> & Pick<GgufPrediction, "hash" | "preTokenizer">,
): Taken {
  if (!reference.isInForce) return unknown(reference.reason!);
  if (vocabulary.size > rows) {
    return stops(
      `it asks for a row of every token, and there are ${rows} rows for ${vocabulary.size} tokens`,
    );
  }
  if (preTokenizer === null) {
    const found =
      hash === null
        ? "its check text cannot be written"
        : `its pre-tokenizer is not known (hash ${hash.slice(0, 12)})`;
    return stops(found);
  }
  return written(model, "tokenizer.json");
}

function written(tokenizerModel: NonNullable<GgufPrediction["tokenizerModel"]>, file: string): Taken {
  return { outcome: "written", reason: null, tokenizerModel, file };
}

function unknown(reason: string): Taken {
  return { ...stops(reason), outcome: "unknown" };
}

function stops(reason: string): Taken {
  return { outcome: "stops", reason, tokenizerModel: null, file: null };
}

function asksForHash(model: GgufPrediction["tokenizerModel"]): boolean {
  return model === "gpt2" || model === "bert";
}

const KINDS = { gpt2: "BPE", llama: "SentencePiece BPE", bert: "WordPiece", t5: "Unigram" };

/** What the last way of an architecture needs. */
const FILES: Partial<Record<ConverterWay, string>> = {
  sentencepiece: "tokenizer.model",
  unigram: "tokenizer.model or spiece.model",
};

/** As Python writes a list of the ids with their special tokens: `[1, 2, 3]`. */
async function checkHash(tokenizer: Tokenizer): Promise<string | null> {
  const encoded = await unlessRefused(tokenizer.encodeWithSpecials(GGUF_CONVERTER.checkText));
  if (encoded === undefined) return null;
  return createHash("sha256")
    .update(`[${encoded.ids.join(", ")}]`)
    .digest("hex");
}

/** What the converter takes for a SentencePiece BPE in a tokenizer.json: one with byte tokens, of which a sequence decodes. */
function isLlamaBpe({ files, origin }: Tokenizer): boolean {
  const { document } = splitDocument(files.get("tokenizer.json")!, origin);
  const { model, decoder } = document as {
    readonly model: { readonly type?: string; readonly byte_fallback?: boolean };
    readonly decoder?: { readonly type?: string } | null;
  };
  return model.type === "BPE" && model.byte_fallback === true && decoder?.type === "Sequence";
}
