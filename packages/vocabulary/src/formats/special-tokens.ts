import type { AddedTokenDocument } from "../byte-level/tokenizer-document.ts";
import { addDeclared } from "../reference/add-declared.ts";
import { addedVocabulary, tokenFlags } from "../reference/added-vocabulary.ts";
import { contentOf, declaredTokens } from "../reference/declared-tokens.ts";
import { checkDeclared, numberNotes } from "./check-declared.ts";
import type { FolderSettings } from "./folder-settings.ts";

export interface SpecialTokens {
  /** By key of tokenizer_config.json: what the files name, else `roles`. */
  readonly tokenOf: ReadonlyMap<string, string>;
  readonly added: readonly AddedTokenDocument[];
  /** Tokens that have another id than a file writes beside them, in words for people. */
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
  /** Tokens by key of tokenizer_config.json where no file names others. @default none */
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
