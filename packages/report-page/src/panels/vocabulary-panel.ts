import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import type { Panel } from "@revocab/report-document";
import { pack, packVocabulary } from "./pack.ts";
import type { PackedClasses, PackedLists, VocabulariesData } from "./panel-data.ts";

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
 * A search over vocabularies, by text, bytes in hex or id, with the class of each token and its counterpart in the other vocabularies:
 * the token with the same bytes, or else the tokens that spell it; for a special token the one with the same string.
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
    vocabularies: vocabularies.map(({ name, vocabulary, classes }, place) => ({
      name,
      vocabulary: packVocabulary(vocabulary),
      ...(classes && { classes: packClasses(name, vocabulary, classes) }),
      counterparts: vocabularies
        .filter((_, other) => other !== place)
        .map((other) => packCounterparts(vocabulary, other.vocabulary)),
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

function packCounterparts(vocabulary: Vocabulary, other: Vocabulary): PackedLists {
  const counts = new Uint32Array(vocabulary.size);
  const all: number[] = [];
  for (let id = 0; id < counts.length; id++) {
    const ids = counterpartOf(vocabulary, id, other);
    counts[id] = ids.length;
    all.push(...ids);
  }
  return { counts: pack(counts), ids: pack(Uint32Array.from(all)) };
}

function counterpartOf(
  vocabulary: Vocabulary,
  id: TokenId,
  other: Vocabulary,
): Iterable<TokenId> & ArrayLike<TokenId> {
  const kind = vocabulary.kindOf(id);
  if (kind === "unused") return [];
  if (kind === "special") {
    const same = other.idOfSpecial(vocabulary.tokenOf(id));
    return same === undefined ? [] : [same];
  }
  const bytes = vocabulary.bytesOf(id);
  const same = other.idsOf(bytes)[0];
  return same === undefined ? (other.spell(bytes)?.subarray(0, MOST_PIECES) ?? []) : [same];
}

/** Of a long token, such as a line of dashes, in a vocabulary without it. */
const MOST_PIECES = 64;

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
