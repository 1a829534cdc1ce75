import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type InputFolder, ifThere } from "@revocab/files";

/** What a model's own card says of it that stays true for another vocabulary; strings as the Hub knows them. */
export interface CardFacts {
  /** Identifiers such as `apache-2.0`, or `other` and then a name; empty when the card names none. */
  readonly licenses: readonly string[];
  readonly licenseName: string | null;
  readonly licenseLink: string | null;
  /** Codes such as `en`. */
  readonly languages: readonly string[];
}

export const NO_FACTS: CardFacts = { licenses: [], licenseName: null, licenseLink: null, languages: [] };

const CARD = "README.md";
const MAX_CARD_BYTES = 2e6;
const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{1,8})*$|^multilingual$|^code$/i;

/** The facts of the card in a model folder; none where there is no card. */
export async function readCardFacts(folder: InputFolder): Promise<CardFacts> {
  const path = join(folder.path, CARD);
  const found = await ifThere(path, stat(path));
  if (!found?.isFile() || found.size > MAX_CARD_BYTES) return NO_FACTS;
  return cardFacts((await folder.read(CARD, { most: MAX_CARD_BYTES })).toString("utf8"));
}

/**
 * Reads license and language in a card's metadata: the YAML between two lines of `---` at its start. Of YAML only what
 * such fields are written in is read: `key: value`, `key: [a, b]` and a list of `- value` lines, quoted or not. Values
 * that are no license, address or language code are left out.
 */
export function cardFacts(card: string): CardFacts {
  const [, metadata = ""] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(card) ?? [];
  const fields = readFields(metadata);
  const named = (key: string, pattern: RegExp) =>
    fields.get(key)?.find((value) => pattern.test(value)) ?? null;
  return {
    licenses: (fields.get("license") ?? []).filter((value) => /^[a-z0-9][a-z0-9.+-]{0,60}$/i.test(value)),
    licenseName: named("license_name", /^[\w .+()-]{1,100}$/),
    licenseLink: named("license_link", /^(https?:\/\/[^\s"'<>]{1,500}|[\w./-]{1,100})$/),
    languages: [...new Set((fields.get("language") ?? []).filter((value) => LANGUAGE.test(value)))],
  };
}

export function isLanguageCode(text: string): boolean {
  return LANGUAGE.test(text);
}

const LONGEST_LINE = 1_000;

/** Top-level keys and their values, as lists. */
function readFields(yaml: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of yaml.split(/\r?\n/)) {
    // no license or language is so long, and the patterns below take the square of a line's length
    if (line.length > LONGEST_LINE) continue;
    const item = /^\s*-\s+(.+)$/.exec(line)?.[1];
    const [, key, value = ""] = /^([A-Za-z_]+):(?:\s+(.*))?$/.exec(line) ?? [];
    if (key !== undefined) {
      const list = /^\[(.*)\]\s*(?:#.*)?$/.exec(value.trim())?.[1];
      current = list === undefined ? [scalar(value)] : list.split(",").map(scalar);
      fields.set(key, current);
    } else if (item !== undefined) current?.push(scalar(item));
  }
  return new Map([...fields].map(([key, values]) => [key, values.filter((value) => value !== "")]));
}

function scalar(text: string): string {
  const quoted = /^\s*(["'])(.*?)\1\s*(#.*)?$/.exec(text)?.[2];
  return quoted ?? text.replace(/\s#.*$/, "").trim();
}
