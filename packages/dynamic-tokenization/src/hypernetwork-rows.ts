import { type Job, RevocabError, type Vocabulary } from "@revocab/core";
import {
  encodeSurfaceForms,
  type Hypernetwork,
  languageIndex,
  openHypernetwork,
  predictRows,
} from "@revocab/hypernetwork";
import { checkTables, vocabularyOf } from "@revocab/hypernetwork/internal";
import type { ModelTables } from "@revocab/transformer-runtime";
import { quoteToken } from "@revocab/vocabulary/internal";
import type { RowProvider, RowRequest, TokenRows } from "./row-provider.ts";

export interface HypernetworkRowsOptions {
  /** The folder of a ZeTT hypernetwork for the model. */
  readonly directory: string;
  readonly model: {
    readonly vocabulary: Vocabulary;
    readonly tables: ModelTables;
  };
  /** One of the languages the hypernetwork was trained with, where it asks for one. */
  readonly language?: string;
  readonly job?: Job;
}

/**
 * Rows that a hypernetwork predicts from the bytes of tokens. The model's own tokens get predicted rows too: the network learned
 * with these beside each other, and never with a copied row.
 * @throws RevocabError what `openHypernetwork` throws; `shape_mismatch` for the hypernetwork of another model; `bad_options` for
 *   its language
 */
export async function hypernetworkRows({
  directory,
  model: { vocabulary, tables },
  language,
  job,
}: HypernetworkRowsOptions): Promise<RowProvider> {
  const hypernetwork = await openHypernetwork(directory, job);
  const hasOwnHead = tables.output !== tables.input;
  const source = { input: tables.input, ...(hasOwnHead && { output: tables.output }) };
  checkTables(hypernetwork, source);
  const own = vocabularyOf(hypernetwork, vocabulary);
  const { formLength, padId } = hypernetwork.config;
  const languageRow = languageIndex(hypernetwork.config, language);
  return {
    dependsOn: "bytes",
    changesOwn: true,
    async rowsOf(request): Promise<TokenRows> {
      const bytes = Array.from(request.tokens, (id) => request.tokenizer.vocabulary.bytesOf(id));
      const forms = encodeSurfaceForms(bytes, { vocabulary: own, formLength, padId });
      requireSpelled(forms.unspelled, request, hypernetwork);
      return predictRows({ hypernetwork, source, forms, language: languageRow, job: request.job });
    },
    close: () => hypernetwork.close(),
  };
}

function requireSpelled(
  unspelled: readonly number[],
  { tokenizer: { vocabulary }, tokens }: RowRequest,
  { directory }: Hypernetwork,
): void {
  if (unspelled.length === 0) return;
  throw new RevocabError(
    "no_evidence",
    `the hypernetwork in ${directory} cannot spell ${unspelled.length} of ${tokens.length} tokens, such as ${quoteToken(vocabulary, tokens[unspelled[0]])}`,
    {
      hint: "use the tokenizer that was saved with the hypernetwork, or rows by a method such as subtoken-mean",
    },
  );
}
