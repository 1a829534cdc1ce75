import { RevocabError, type Vocabulary } from "@revocab/core";
import type { Panel } from "@revocab/report-document";
import { pack, packVocabulary } from "./pack.ts";
import type { PackedClasses, VocabulariesData } from "./panel-data.ts";

export interface VocabularyPanelInput {
  readonly vocabularies: readonly SearchedVocabulary[];
  /** @default "Tokens" */
  readonly title?: string;
}

export interface SearchedVocabulary {
  /** For the reader: short, and another one for each. */
  readonly name: string;
  readonly vocabulary: Vocabulary;
  /** @default the kinds: text, byte, special, unused */
  readonly classes?: TokenClasses;
}

/** Groups of the tokens of a vocabulary, each token in one. */
export interface TokenClasses {
  /** At most 256. */
  readonly names: readonly string[];
  /** [V] places in `names`. */
  readonly of: Uint8Array;
}

/**
 * A search over vocabularies, by text, bytes in hex or id, with the class of each token and the id of the same token in the other
 * vocabularies: the one with the same bytes, for a special token the one with the same string.
 *
 * @throws RevocabError `bad_options` for no vocabularies, two of one name, or classes that are not those of the vocabulary
 */
export function vocabularyPanel({ vocabularies, title = "Tokens" }: VocabularyPanelInput): Panel {
  if (vocabularies.length === 0 || new Set(vocabularies.map(({ name }) => name)).size < vocabularies.length) {
    throw new RevocabError(
      "bad_options",
      "`vocabularies` is empty or has two of one name, expected at least one, and another name for each",
      { hint: "a panel searches named vocabularies" },
    );
  }
  const data: VocabulariesData = {
    vocabularies: vocabularies.map(({ name, vocabulary, classes }) => ({
      name,
      vocabulary: packVocabulary(vocabulary),
      ...(classes && { classes: packClasses(name, vocabulary, classes) }),
    })),
  };
  return {
    kind: "panel",
    name: "vocabulary",
    title,
    data,
    instead: [
      {
        kind: "table",
        columns: [{ title: "vocabulary" }, { title: "ids" }],
        rows: vocabularies.map(({ name, vocabulary }) => [name, { value: vocabulary.size }]),
      },
    ],
  };
}

function packClasses(name: string, { size }: Vocabulary, { names, of }: TokenClasses): PackedClasses {
  if (of.length !== size || of.some((place) => place >= names.length)) {
    throw new RevocabError(
      "bad_options",
      `the classes of ${name} are ${of.length} places in ${names.length} names, expected ${size}, one for each id`,
      { hint: "give each id the place of its class in the list of names" },
    );
  }
  return { names, of: pack(of) };
}
