import { createHash } from "node:crypto";
import { RevocabError } from "@revocab/core";
import { chooseClassOfFiles } from "../reference/choose-class.ts";
import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import { MAX_TOKENS } from "../tokenizer-json/limits.ts";
import { edgeTemplate } from "./edge-template.ts";
import { type FolderSettings, isObject, type JsonObject } from "./folder-settings.ts";
import { type FoundFormat, SAVE_AGAIN } from "./found-format.ts";
import { KNOWN_TIKTOKEN, type KnownTiktoken, LLAMA3_PATTERN } from "./known-tiktoken.ts";
import { rankedDocument } from "./ranked-document.ts";
import { isTiktoken, readTiktoken } from "./read-tiktoken.ts";
import { plainSpecial, type SpecialTokens, specialTokens } from "./special-tokens.ts";

/**
 * A tiktoken file, whatever its name: `*.tiktoken`, or the tokenizer.model of Llama 3. It holds tokens and ranks only.
 * How a text is cut into words, and which special tokens there are, is known of published files, which are told by their
 * hash or by a name that is theirs alone; for others the reference library's reading is taken where the folder's files
 * ask for it.
 * @throws RevocabError `bad_tokenizer`; `unsupported_tokenizer`: neither
 */
export function fromTiktoken(
  files: ReadonlyMap<string, Uint8Array>,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): FoundFormat | undefined {
  const name = [...files.keys()].find((each) => mayBeTiktoken(each) && isTiktoken(files.get(each)!));
  if (name === undefined) return undefined;
  const place = placeOf(name);
  const ranks = readTiktoken(files.get(name)!, place);
  const known = knownFile(name, files.get(name)!, { size: ranks.size, place });
  if (known === undefined && !isReadByLibrary(settings, name)) refuse(settings, place);

  const configPlace = placeOf("tokenizer_config.json");
  const isListed = known === undefined || settings.config.added_tokens_decoder !== undefined;
  const tokens = isListed
    ? specialTokens({
        settings,
        vocab: ranks,
        first: placeholders(settings.config, ranks.size, configPlace),
        place: configPlace,
      })
    : publishedTokens(known, settings, { ranks, configPlace });
  const idOf = new Map(tokens.added.map(({ content, id }) => [content, id]));
  const postProcessor = edgeTemplate(settings.config, { tokenOf: tokens.tokenOf, idOf, place: configPlace });
  return {
    tokenizerJson: rankedDocument({
      ranks,
      ids: Object.fromEntries(ranks),
      pattern: known?.pattern ?? LLAMA3_PATTERN,
      added: tokens.added,
      ...(known?.normalizer === undefined ? {} : { normalizer: known.normalizer }),
      ...(postProcessor === undefined ? {} : { postProcessor }),
    }),
    tokenizerConfig: { ...known?.roles, ...Object.fromEntries(tokens.tokenOf), ...settings.config },
    differences: [
      known === undefined
        ? `read from ${name} with the pattern that the reference library takes for such files; they do not say theirs`
        : `read from ${name}, which is ${known.name}'s`,
      ...(isListed || known?.note === undefined ? [] : [known.note]),
      ...tokens.notes,
    ],
    reads: [name, "added_tokens.json"],
  };
}

function mayBeTiktoken(name: string): boolean {
  return name.endsWith(".tiktoken") || name.endsWith(".model");
}

/** @throws RevocabError `bad_tokenizer`: the name of a published file on another content */
function knownFile(
  name: string,
  bytes: Uint8Array,
  { size, place }: { readonly size: number; readonly place: string },
): KnownTiktoken | undefined {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const byHash = KNOWN_TIKTOKEN.find((known) => known.sha256 === sha256);
  if (byHash !== undefined) return byHash;
  const byName = KNOWN_TIKTOKEN.find(({ fileName }) => fileName === name);
  if (byName === undefined) return undefined;
  const isOther = byName.sha256 === undefined ? byName.size !== size : true;
  if (isOther) {
    throw badTokenizer(
      place,
      byName.sha256 === undefined
        ? `found ${size} tokens, expected the ${byName.size} of ${byName.name}'s ${name}`
        : `found a file with sha256 ${sha256.slice(0, 12)}…, expected ${byName.name}'s ${byName.sha256.slice(0, 12)}…`,
      { hint: "was the file downloaded completely? One of your own making needs another name" },
    );
  }
  return byName;
}

/**
 * Whether the reference library takes its generic class, which reads every tiktoken file under one of two names, with
 * one pattern.
 */
function isReadByLibrary(settings: FolderSettings, name: string): boolean {
  if (settings.config.auto_map !== undefined || !LIBRARY_NAMES.includes(name)) return false;
  return chooseClassOfFiles(settings.modelConfig, settings.config) === undefined;
}

const LIBRARY_NAMES = ["tokenizer.model", "tiktoken.model"];

function refuse(settings: FolderSettings, place: string): never {
  const className = chooseClassOfFiles(settings.modelConfig, settings.config);
  throw new RevocabError(
    "unsupported_tokenizer",
    `${place}: found a tiktoken file that is not among the known ones${className === undefined ? "" : `, of the class ${className}`}; it does not say how a text is cut into words, nor its special tokens`,
    {
      hint: `${SAVE_AGAIN}. Or name the file tokenizer.model and lay a tokenizer_config.json with {"tokenizer_class": "PreTrainedTokenizerFast"} and its added_tokens_decoder beside it, to have it read as transformers reads tiktoken files, with Llama 3's pattern`,
    },
  );
}

/** Ids that added_tokens_decoder leaves out between the file's tokens and its last have tokens too; then come others. */
function placeholders(config: JsonObject, size: number, place: string): string[] {
  const decoder = isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {};
  const contentOf = new Map(
    Object.entries(decoder).map(([id, token]) => [
      Number(id),
      isObject(token) ? String(token.content) : String(token),
    ]),
  );
  const last = [...contentOf.keys()].reduce((most, id) => Math.max(most, id), -1);
  if (last >= MAX_TOKENS)
    throw badTokenizer(place, `found an added token with id ${last}, expected less than ${MAX_TOKENS}`);
  const first = Array.from(
    { length: Math.max(0, last + 1 - size) },
    (_, index) => contentOf.get(size + index) ?? `<|reserved_token_${size + index}|>`,
  );
  const { extra_special_tokens: extra, additional_special_tokens: additional } = config;
  const isGiven = isObject(extra) ? Object.keys(extra).length > 0 : Array.isArray(extra) && extra.length > 0;
  const listed = isGiven ? extra : additional;
  const others = Array.isArray(listed) ? listed.filter((token) => typeof token === "string") : [];
  return [...new Set([...first, ...others])];
}

function publishedTokens(
  { specials, roles }: KnownTiktoken,
  settings: FolderSettings,
  { ranks, configPlace }: { readonly ranks: ReadonlyMap<string, number>; readonly configPlace: string },
): SpecialTokens {
  const ids = new Map([...ranks, ...Object.entries(specials)]);
  const named = specialTokens({ settings, vocab: ids, roles, place: configPlace });
  const isPublished = new Set(Object.keys(specials));
  return {
    tokenOf: named.tokenOf,
    notes: named.notes,
    added: [
      ...Object.entries(specials).map(([content, id]) => ({ id, ...plainSpecial(content) })),
      ...named.added.filter(({ content }) => !isPublished.has(content)),
    ].sort((one, other) => one.id - other.id),
  };
}
