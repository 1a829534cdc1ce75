import { quote } from "@revocab/core";
import { addedVocabulary, tokenFlags } from "../reference/added-vocabulary.ts";
import { addDeclared, contentOf, declaredTokens } from "../reference/declared-tokens.ts";
import { endsTemplate } from "../reference/read-as-reference.ts";
import { badTokenizer, type JsonObject } from "../tokenizer-json/json-file.ts";
import type { AddedTokenDocument } from "../tokenizer-json/tokenizer-document.ts";
import { checkDeclared, type FolderSettings, numberNotes } from "./folder-settings.ts";

/**
 * The tokenizer.json of a byte-level BPE that is given by the ranks of its tokens and the pattern that splits a text into
 * words, with the components of the reference library. A word that is a token is not split further.
 */
export function rankedDocument({
  ranks,
  ids,
  pattern,
  normalizer = null,
  postProcessor,
  added,
}: {
  /** The tokens to merge, in GPT-2's byte alphabet. */
  readonly ranks: ReadonlyMap<string, number>;
  /** The id of every token. */
  readonly ids: Readonly<Record<string, number>>;
  readonly pattern: string;
  readonly normalizer?: object | null;
  readonly postProcessor?: object;
  readonly added: readonly AddedTokenDocument[];
}): string {
  const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { ...byteLevel, add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: postProcessor ?? { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: ids,
      merges: mergesByRank(ranks),
    },
  });
}

/**
 * The merges of a byte-level BPE that is given by the ranks of its tokens: every split of a token into two tokens, ordered by
 * the rank of the whole, then by those of the parts.
 * @param ranks in an alphabet of one UTF-16 code unit a byte
 */
function mergesByRank(ranks: ReadonlyMap<string, number>): [string, string][] {
  const byRank = [...ranks].sort(([, one], [, other]) => one - other);
  return byRank.flatMap(([token]) => {
    const cuts: { readonly pair: [string, string]; readonly left: number; readonly right: number }[] = [];
    for (let at = 1; at < token.length; at++) {
      const pair: [string, string] = [token.slice(0, at), token.slice(at)];
      const left = ranks.get(pair[0]);
      const right = ranks.get(pair[1]);
      if (left !== undefined && right !== undefined) cuts.push({ pair, left, right });
    }
    cuts.sort((one, other) => one.left - other.left || one.right - other.right);
    return cuts.map(({ pair }) => pair);
  });
}

export interface SpecialTokens {
  /** By key of tokenizer_config.json: the tokens that the files name, with `roles` as defaults. */
  readonly tokenOf: ReadonlyMap<string, string>;
  readonly added: readonly AddedTokenDocument[];
  /** A sentence for each token with another id than a file gives it. */
  readonly notes: readonly string[];
}

/** The special and added tokens of a folder, as the plain class of the reference library collects and numbers them. */
export function specialTokens({
  settings,
  vocab,
  roles = {},
  first = [],
  place,
}: {
  readonly settings: FolderSettings;
  readonly vocab: ReadonlyMap<string, number>;
  /** Default tokens by key of tokenizer_config.json. @default none */
  readonly roles?: Readonly<Record<string, string>>;
  /** Tokens that are added before all others. @default none */
  readonly first?: readonly string[];
  /** Where tokenizer_config.json is, for messages. */
  readonly place: string;
}): SpecialTokens {
  checkDeclared(settings, undefined, place);
  const declared = declaredTokens(
    { ...settings, fileTokens: undefined, paddingToken: undefined, extracted: { names: roles } },
    undefined,
  );
  const added = addedVocabulary({ count: vocab.size, idOf: (token) => vocab.get(token) });
  added.add(first.map(plainSpecial));
  addDeclared(added, declared, undefined);
  const tokens = added.tokens().map((token) => ({ ...token }));
  return {
    tokenOf: new Map([...declared.named].map(([key, token]) => [key, contentOf(token)])),
    added: tokens,
    notes: numberNotes(settings, tokens),
  };
}

export function plainSpecial(content: string) {
  return tokenFlags(content, { special: true });
}

/**
 * The post-processor of a generic class whose config decides whether texts get bos and eos; `undefined` if the config has no
 * such setting. A role without a token is left out.
 */
export function edgeTemplate(
  config: JsonObject,
  {
    tokenOf,
    idOf,
    place,
  }: {
    readonly tokenOf: ReadonlyMap<string, string>;
    readonly idOf: ReadonlyMap<string, number>;
    readonly place: string;
  },
): object | undefined {
  if (config.add_bos_token === undefined && config.add_eos_token === undefined) return undefined;
  const tokenFor = (setting: string, role: string): string | undefined => {
    const value = config[setting] ?? false;
    if (typeof value !== "boolean") {
      throw badTokenizer(place, `${setting} is ${quote(value)}, expected true or false`);
    }
    return value ? tokenOf.get(role) : undefined;
  };
  return endsTemplate({
    before: tokenFor("add_bos_token", "bos_token"),
    after: tokenFor("add_eos_token", "eos_token"),
    idOf: (token) => idOf.get(token),
  });
}
