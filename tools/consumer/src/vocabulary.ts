import type { TokenId, Vocabulary } from "@revocab/core";
import {
  type DigitScheme,
  digitScheme,
  fingerprint,
  loadTokenizer,
  type Tokenizer,
} from "@revocab/vocabulary";
import { same } from "./same.js";

export async function tokenizers(): Promise<void> {
  const tokenizer = await loadTokenizer("sample/tokenizer");
  same<typeof tokenizer, Tokenizer>();
  same<typeof tokenizer.vocabulary, Vocabulary>();
  same<ReturnType<typeof tokenizer.encode>, Promise<Uint32Array>>();
  same<typeof tokenizer.files, ReadonlyMap<string, Uint8Array>>();
  same<typeof tokenizer.notes, readonly string[]>();

  const bos: TokenId | undefined = tokenizer.vocabulary.idOfRole("bos");
  // @ts-expect-error: there may be none
  tokenizer.vocabulary.bytesOf(bos);
  // @ts-expect-error: no such role
  tokenizer.vocabulary.idOfRole("beginning");
  // @ts-expect-error: an array of paths is no path
  await loadTokenizer(["sample/tokenizer"]);

  const digits = await digitScheme(tokenizer);
  same<typeof digits, DigitScheme>();
  same<(typeof digits.examples)[string], string | null>();
  // @ts-expect-error: no such scheme
  digits.name === "groups";

  same<ReturnType<typeof fingerprint>, string>();
  fingerprint(tokenizer.vocabulary);
}
