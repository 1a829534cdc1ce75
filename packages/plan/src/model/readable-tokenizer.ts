import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { parseJson } from "@revocab/files";
import { displayToken, type Tokenizer } from "@revocab/vocabulary";

/**
 * A model's tokenizer as far as the model can read it. Tokens that were added to the tokenizer alone, without resizing
 * the model, have ids beyond its rows: they are left out here, and a text that holds one is refused.
 *
 * @throws RevocabError `shape_mismatch` where other tokens than added ones at the end have no row
 */
export function readableTokenizer(tokenizer: Tokenizer, rows: number, directory: string): Tokenizer {
  const { vocabulary } = tokenizer;
  const surplus = tokensWithoutRow(tokenizer, rows);
  if (vocabulary.size <= rows) return tokenizer;
  const own = idsOfModel(tokenizer);
  const foreign = surplus.find((id) => own.has(id));
  if (foreign !== undefined) {
    throw new RevocabError(
      "shape_mismatch",
      `the embeddings of ${directory} have ${rows} rows but its tokenizer has ids up to ${vocabulary.size - 1}, ` +
        `and ${foreign} "${displayToken(vocabulary, foreign)}" is no token that was added to it`,
      {
        hint: "the tokenizer belongs to another model: put the model's own tokenizer.json into the folder",
      },
    );
  }
  const without = (hidden: ReadonlySet<TokenId>) =>
    cutTo(rows, tokenizer.vocabularyWithout(new Set([...hidden, ...surplus])));
  return {
    ...tokenizer,
    vocabulary: without(new Set()),
    vocabularyWithout: without,
    specialTokens: tokenizer.specialTokens.filter(({ id }) => id < rows),
    async encode(text) {
      const ids = await tokenizer.encode(text);
      const beyond = ids.find((id) => id >= rows);
      if (beyond === undefined) return ids;
      throw new RevocabError(
        "bad_text",
        `a text holds "${displayToken(vocabulary, beyond)}", a token that was added to the tokenizer of ${directory} ` +
          `with the id ${beyond}, but the model has ${rows} rows and none for it`,
        { hint: "`editVocabulary` gives it a row, with every other token that is added" },
      );
    },
  };
}

/** Ids of the tokens that a tokenizer has beyond the rows of a model. */
export function tokensWithoutRow({ vocabulary }: Tokenizer, rows: number): readonly TokenId[] {
  return Array.from({ length: Math.max(vocabulary.size - rows, 0) }, (_, i) => rows + i).filter(
    (id) => vocabulary.kindOf(id) !== "unused",
  );
}

/** Ids of the tokenizer's own pieces, which are trained with the model; all others were added, by whatever file. */
function idsOfModel({ files, origin }: Tokenizer): ReadonlySet<TokenId> {
  const text = new TextDecoder().decode(files.get("tokenizer.json"));
  const { model, added_tokens = [] } = parseJson(text || "{}", { origin, code: "bad_tokenizer" }) as {
    readonly model?: { readonly vocab?: Readonly<Record<string, TokenId>> | readonly unknown[] };
    readonly added_tokens?: readonly { readonly id: TokenId }[];
  };
  const vocab = model?.vocab ?? {};
  const ids = new Set(Array.isArray(vocab) ? vocab.keys() : Object.values(vocab as Record<string, TokenId>));
  for (const { id } of added_tokens) ids.delete(id);
  return ids;
}

function cutTo(size: number, vocabulary: Vocabulary): Vocabulary {
  return { ...vocabulary, size };
}
