import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { InputFolder } from "@revocab/files";
import { ifThere } from "@revocab/files/internal";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";

/** What a model's own card says that stays true with another vocabulary, in the words of the Hub. */
export interface CardFacts {
  /** Identifiers such as `apache-2.0`, or `other` and then a name; empty when the card names none. */
  readonly licenses: readonly string[];
  readonly licenseName: string | null;
  readonly licenseLink: string | null;
  /** Codes such as `en`. */
  readonly languages: readonly string[];
  /** What the model is for, such as `text-generation`; missing where the card names none, as are the next three. */
  readonly pipelineTag?: string;
  /** The library that opens the model, such as `sentence-transformers`. */
  readonly library?: string;
  /** What the model was trained on, by names on the Hub. */
  readonly datasets?: readonly string[];
  /** The models that it was made from, by names on the Hub. */
  readonly baseModels?: readonly string[];
}

const NO_FACTS: CardFacts = { licenses: [], licenseName: null, licenseLink: null, languages: [] };

const CARD = "README.md";
const MAX_CARD_BYTES = 2e6;
const IDENTIFIER = /^[a-z0-9][a-z0-9.+-]{0,60}$/i;
/** `ORG/NAME`, or the name alone of the oldest repositories. */
export const HUB_NAME = /^[\w.-]{1,100}(\/[\w.-]{1,100})?$/;
const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{1,8})*$|^multilingual$|^code$/i;

/** Reads the card in a model folder; `NO_FACTS` where there is none. */
export async function readCardFacts(folder: InputFolder): Promise<CardFacts> {
  const path = join(folder.path, CARD);
  const found = await ifThere(path, stat(path));
  if (!found?.isFile() || found.size > MAX_CARD_BYTES) return NO_FACTS;
  return cardFacts((await folder.read(CARD, { most: MAX_CARD_BYTES })).toString("utf8"));
}

/**
 * Reads what stays true in a card's metadata: the YAML between two lines of `---` at its start. Values that are no
 * license, address, language code or name are left out. A field whose YAML is broken is left out; the others still count.
 */
export function cardFacts(card: string): CardFacts {
  const [, metadata = ""] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(card) ?? [];
  const fields = readFields(metadata);
  const all = (key: string, pattern: RegExp) => [
    ...new Set((fields.get(key) ?? []).filter((value) => pattern.test(value))),
  ];
  const first = (key: string, pattern: RegExp) => all(key, pattern)[0];
  const pipelineTag = first("pipeline_tag", IDENTIFIER);
  const library = first("library_name", IDENTIFIER);
  const datasets = all("datasets", HUB_NAME);
  const baseModels = all("base_model", HUB_NAME);
  return {
    licenses: all("license", IDENTIFIER),
    licenseName: first("license_name", /^[\w .+()-]{1,100}$/) ?? null,
    licenseLink: first("license_link", /^(https?:\/\/[^\s"'<>]{1,500}|[\w./-]{1,100})$/) ?? null,
    languages: all("language", LANGUAGE),
    ...(pipelineTag !== undefined && { pipelineTag }),
    ...(library !== undefined && { library }),
    ...(datasets.length > 0 && { datasets }),
    ...(baseModels.length > 0 && { baseModels }),
  };
}

export function isLanguageCode(text: string): boolean {
  return LANGUAGE.test(text);
}

const FIELD =
  /^(license|license_name|license_link|language|pipeline_tag|library_name|datasets|base_model)[ \t]*:(?!\S)/;
/** A list of the 400 languages of MADLAD has 3,000 characters. */
const LONGEST_FIELD = 4_000;

/**
 * The values of each field, as lists. Of a field that occurs twice the last counts.
 *
 * Only the fields that are needed reach the YAML parser, and only up to 4 kB: 2 MB of hostile YAML keep it busy for
 * minutes, 4 kB for 0.1 s. In a block mapping the lines of a value are indented or are items of a list. Every other line
 * begins the next field.
 */
function readFields(metadata: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string>();
  for (const field of metadata.replaceAll("\r\n", "\n").split(/\n(?![\s#\]}]|-\s)/)) {
    const [, key] = FIELD.exec(field) ?? [];
    if (key !== undefined) fields.set(key, field.replace(/\n[ \t]*#[^\n]*/g, ""));
  }
  return new Map(
    [...fields].map(([key, field]) => [key, field.length > LONGEST_FIELD ? [] : readValues(field)]),
  );
}

/** The value of a field, or those of its list; none where its YAML is broken. */
function readValues(field: string): readonly string[] {
  const value = parseField(field);
  const items: readonly unknown[] = isSeq(value) ? value.items : [value];
  return items.flatMap((item) => {
    if (!isScalar(item) || item.value === null) return [];
    // an identifier is a text as it is written, even `1e3` and `true`
    return [typeof item.value === "string" ? item.value : (item.source ?? "")];
  });
}

function parseField(field: string): unknown {
  try {
    const { contents, errors } = parseDocument(field, { uniqueKeys: false });
    return errors.length === 0 && isMap(contents) ? contents.items[0]?.value : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // nested so deeply that the parser ran out of stack
    throw error;
  }
}
