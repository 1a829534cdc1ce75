import type { TokenId } from "@revocab/core";
import { logProbabilitiesAfter } from "@revocab/test-support/byte-random-model";
import type { Tokenizer } from "@revocab/vocabulary";

/** What the tokenizer writes for every text of some letters up to a length: the sequences that are valid. */
export interface EveryEncoding {
  readonly next: ReadonlyMap<TokenId, EveryEncoding>;
  /** Whether a text ends here. */
  readonly isText: boolean;
}

interface Growing extends EveryEncoding {
  readonly next: Map<TokenId, Growing>;
  isText: boolean;
}

export async function everyEncoding(
  tokenizer: Tokenizer,
  letters: string,
  most: number,
): Promise<EveryEncoding> {
  const root: Growing = { next: new Map(), isText: true };
  let texts = [""];
  for (let length = 1; length <= most; length++) {
    texts = texts.flatMap((text) => [...letters].map((letter) => text + letter));
    for (const ids of await Promise.all(texts.map((text) => tokenizer.encode(text)))) {
      let node = root;
      for (const id of ids) {
        let child = node.next.get(id);
        if (child === undefined) {
          child = { next: new Map(), isText: false };
          node.next.set(id, child);
        }
        node = child;
      }
      node.isText = true;
    }
  }
  return root;
}

/**
 * [257] P(next byte | prefix) by following every valid sequence: no rule of which tokens may be neighbours, only what
 * the tokenizer wrote. Right where the texts are longer than the prefix by more than a token.
 * @param prefix bytes of tokens, a dummy space included
 * @param lead bytes of the dummy space: a text that ends at once does not have it
 */
export function bytesByEnumeration(
  root: EveryEncoding,
  { vocabulary }: Tokenizer,
  prefix: Uint8Array,
  seed: number,
  lead = 0,
): { readonly probabilities: Float64Array; readonly prefixProbability: number } {
  const probabilities = new Float64Array(257);
  const eos = vocabulary.idOfRole("eos")!;
  const visit = (node: EveryEncoding, tokens: readonly TokenId[], written: Uint8Array, weight: number) => {
    const row = logProbabilitiesAfter(tokens, vocabulary.size, seed);
    const allowed = [...node.next.keys()];
    const ending = node.isText ? Math.exp(row[eos]) : 0;
    const kept = allowed.reduce((sum, id) => sum + Math.exp(row[id]), ending);
    if (written.length === prefix.length || (node === root && prefix.length === lead))
      probabilities[256] += (weight * ending) / kept;
    for (const id of allowed) {
      const bytes = Buffer.concat([written, vocabulary.bytesOf(id)]);
      const common = Math.min(bytes.length, prefix.length);
      if (Buffer.compare(bytes.subarray(0, common), prefix.subarray(0, common)) !== 0) continue;
      const share = (weight * Math.exp(row[id])) / kept;
      if (bytes.length > prefix.length) probabilities[bytes[prefix.length]] += share;
      else visit(node.next.get(id)!, [...tokens, id], bytes, share);
    }
  };
  visit(root, [vocabulary.idOfRole("bos")!], new Uint8Array(0), 1);
  const prefixProbability = probabilities.reduce((sum, probability) => sum + probability, 0);
  return {
    probabilities: probabilities.map((probability) => probability / prefixProbability),
    prefixProbability,
  };
}
