import { quote, type TokenId } from "@revocab/core";
import type { OpenTokenizerJson } from "../tokenizer-json/parse-tokenizer-json.ts";
import { rewriteDocument } from "../tokenizer-json/split-document.ts";
import { type ComponentJson, components } from "../tokenizer-json/tokenizer-json.ts";
import { type AddedVocabulary, addedVocabulary, type ModelPieces, tokenFlags } from "./added-vocabulary.ts";
import { type ClassComponents, classComponents, classPostProcessor } from "./class-components.ts";
import { FAST_CLASS, type Rebuild, type TokenFlags, type TokenizerClass } from "./class-table.ts";
import {
  addDeclared,
  contentOf,
  type DeclaredTokens,
  type DeclaringFiles,
  declaredTokens,
} from "./declared-tokens.ts";

export interface ReferenceReading {
  /** The tokenizer.json that the class uses; the file's own bytes if it uses them as they are. */
  readonly bytes: Uint8Array;
  readonly declared: DeclaredTokens;
  /** Where that differs from tokenizer.json, in sentences. */
  readonly differences: readonly string[];
  /** Tokens that the class adds to those of tokenizer.json. */
  readonly addedTokens: readonly { readonly id: TokenId; readonly content: string }[];
}

/**
 * Reads a tokenizer.json and the files beside it as a class of the reference library does: with the components that the class
 * keeps or builds, and with the tokens that only other files have, under the ids that the class gives them.
 * @param isFile whether the document is a tokenizer.json of the folder, and not converted from another file
 * @returns a sentence if the class cannot open it
 */
export function readAsReference(
  opened: OpenTokenizerJson,
  { className, described, files, isFile = true }: ReadingSubject,
): ReferenceReading | string {
  const { data, pieces } = opened;
  const rebuild = described.rebuild;
  const isRebuilt = rebuild !== undefined && (!isFile || described.readsFileFirst !== true);
  const fileTokens = (data.added_tokens ?? []).map(({ id, content, ...flags }) => ({
    id,
    ...tokenFlags(content, flags),
  }));
  const padding = data.padding as { readonly pad_token?: unknown } | null | undefined;
  const declared = declaredTokens(
    {
      ...files,
      fileTokens: isFile ? fileTokens : undefined,
      paddingToken: typeof padding?.pad_token === "string" ? padding.pad_token : undefined,
    },
    rebuild,
  );
  if (isRebuilt) {
    const refusal = refuseVocabulary(opened, rebuild);
    if (refusal !== undefined) return refusal;
  }
  const charsmap = charsmapOf(data.normalizer);
  if (!isFile && charsmap === undefined && wantsCharsmap(rebuild)) {
    return "it needs a charsmap, and the SentencePiece model has none";
  }
  const added = addedVocabulary(modelPieces(pieces));
  if (!isRebuilt || !isFile) added.add(fileTokens);
  addDeclared(added, declared, rebuild);
  const context = {
    declared,
    charsmap,
    postProcessor: data.post_processor ?? null,
    pieceIdOf: (piece: string) => pieces.idOf(piece),
    scoreOf: (id: number) => (opened.model.type === "Unigram" ? opened.model.scores[id] : undefined),
    idOf: (token: string) => added.idOf(token),
  };
  let built: Partial<ClassComponents> = {};
  if (isRebuilt) {
    const components = classComponents(rebuild, context);
    if (typeof components === "string") return components;
    const byDefault = "by" in rebuild.postProcessor.given ? rebuild.postProcessor.given.defaults : {};
    const ends = !isFile && rebuild.endsByConfig ? endsProcessor(declared, added, byDefault) : undefined;
    built = ends === undefined ? components : { ...components, post_processor: ends };
  } else if (rebuild !== undefined) {
    const own = classPostProcessor(rebuild, context);
    if (typeof own === "string") return own;
    built = { post_processor: own.is };
  } else if (!isFile) {
    built = { post_processor: endsProcessor(declared, added) ?? data.post_processor ?? null };
  }
  return inForce(opened, {
    className,
    isFile,
    built,
    added,
    fileTokens,
    declared,
    rebuild: isRebuilt ? rebuild : undefined,
  });
}

export interface ReadingSubject {
  readonly className: string;
  readonly described: TokenizerClass;
  readonly files: Omit<DeclaringFiles, "fileTokens" | "paddingToken">;
  /** @default true */
  readonly isFile?: boolean;
}

function modelPieces(pieces: OpenTokenizerJson["pieces"]): ModelPieces {
  return { count: pieces.count, idOf: (piece) => pieces.idOf(piece) };
}

function refuseVocabulary({ model }: OpenTokenizerJson, rebuild: Rebuild): string | undefined {
  const isList = model.type === "Unigram";
  if (rebuild.model === "Unigram" ? isList : !isList) return undefined;
  return `it builds a ${rebuild.model}, but tokenizer.json has a ${model.type}`;
}

/** The library passes an empty charsmap to a class that takes one, which then refuses it. */
function wantsCharsmap(rebuild: Rebuild | undefined): boolean {
  return (
    rebuild !== undefined &&
    "by" in rebuild.normalizer &&
    rebuild.normalizer.by.includes("_spm_precompiled_charsmap")
  );
}

/** The first charsmap of the normalizer, in the order of a sequence, as the library finds it. */
function charsmapOf(normalizer: ComponentJson | null | undefined): string | undefined {
  const found = components(normalizer ?? undefined).find(
    ({ type }) => type === "Precompiled",
  )?.precompiled_charsmap;
  return typeof found === "string" ? found : undefined;
}

/** Without a tokenizer.json, `add_bos_token` and `add_eos_token` of the config decide what is put around a text. */
function endsProcessor(
  { settings, named }: DeclaredTokens,
  added: AddedVocabulary,
  byDefault: Readonly<Record<string, unknown>> = {},
): ComponentJson | undefined {
  if (!("add_bos_token" in settings) && !("add_eos_token" in settings)) return undefined;
  const end = (name: "bos" | "eos") => {
    const isWanted = (settings[`add_${name}_token`] ?? byDefault[`add_${name}_token`]) === true;
    const token = isWanted ? named.get(`${name}_token`) : undefined;
    return token === undefined ? undefined : contentOf(token);
  };
  return endsTemplate({ before: end("bos"), after: end("eos"), idOf: (token) => added.idOf(token) });
}

function inForce(
  opened: OpenTokenizerJson,
  {
    className,
    isFile,
    built,
    added,
    fileTokens,
    declared,
    rebuild,
  }: {
    readonly className: string;
    readonly isFile: boolean;
    readonly built: Partial<ClassComponents>;
    readonly added: AddedVocabulary;
    readonly fileTokens: readonly (TokenFlags & { readonly id: TokenId })[];
    readonly declared: DeclaredTokens;
    readonly rebuild: Rebuild | undefined;
  },
): ReferenceReading {
  const { data, bytes } = opened;
  const tokens = added.tokens();
  const { model: options, ...parts } = built;
  const changed = Object.entries(parts).filter(([name, part]) => !isAlike(data[name], part));
  const { vocab: _vocab, merges: _merges, ...fileOptions } = data.model;
  const hasOtherModel =
    options !== undefined &&
    !(isFile
      ? isAlike(withoutDefaults(fileOptions), withoutDefaults(options))
      : isAlike(fileOptions, options));
  const hasOtherTokens = !isAlike(byId(fileTokens), tokens);
  const fileContents = new Map(fileTokens.map(({ content, id }) => [content, id]));
  const isPiece = (content: string, id: TokenId) => opened.pieces.idOf(content) === id;
  const addedTokens = tokens.filter(
    ({ content, id }) => fileContents.get(content) !== id && !isPiece(content, id),
  );
  const names = [
    ...changed.map(([name]) => PART_NAMES[name] ?? name),
    ...(hasOtherModel ? ["model options"] : []),
  ];
  if (names.length === 0 && !hasOtherTokens) return { bytes, declared, differences: [], addedTokens: [] };
  const keepsMerges = rebuild === undefined ? opened.mergesAt !== undefined : rebuild.model === "BPE";
  return {
    bytes: rewriteDocument(bytes, opened, {
      document: {
        ...data,
        ...Object.fromEntries(changed),
        added_tokens: tokens,
        model: hasOtherModel ? options : fileOptions,
      },
      keepMerges: keepsMerges,
    }),
    declared,
    differences: [
      ...(names.length > 0
        ? [
            `AutoTokenizer opens it as ${className}, which sets its own ${list(names)} in place of those of tokenizer.json`,
          ]
        : []),
      ...(addedTokens.length > 0 ? [addedNote(addedTokens)] : []),
      ...(hasOtherTokens && addedTokens.length === 0 && names.length === 0
        ? [
            `AutoTokenizer opens it as ${className === FAST_CLASS ? "PreTrainedTokenizerFast" : className} with other flags of added tokens than tokenizer.json has`,
          ]
        : []),
    ],
    addedTokens: addedTokens.map(({ id, content }) => ({ id, content })),
  };
}

const PART_NAMES: Readonly<Record<string, string>> = {
  pre_tokenizer: "pre-tokenizer",
  post_processor: "post-processor",
};

function byId(tokens: readonly (TokenFlags & { readonly id: TokenId })[]): readonly object[] {
  return tokens.toSorted((a, b) => a.id - b.id);
}

function addedNote(tokens: ReferenceReading["addedTokens"]): string {
  const shown = tokens.slice(0, 5).map(({ id, content }) => `${id} ${quote(content)}`);
  const rest = tokens.length > 5 ? ` and ${tokens.length - 5} more` : "";
  return `tokens that tokenizer.json does not have and AutoTokenizer adds from other files or the class: ${shown.join(", ")}${rest}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** The options that differ from their defaults. */
function withoutDefaults(options: object): object {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([, value]) => value !== null && value !== false && value !== "" && value !== undefined,
    ),
  );
}

/** Equal but for the order of keys. */
function isAlike(left: unknown, right: unknown): boolean {
  if (left === right || ((left ?? null) === null && (right ?? null) === null)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => isAlike((left as never)[key], (right as never)[key]));
}

/** A post-processor that puts tokens around each text; the second text of a pair has type 1. */
export function endsTemplate({
  before,
  after,
  idOf,
}: {
  /** Undefined for none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly idOf: (token: string) => number | undefined;
}): ComponentJson {
  const given = (token: string | undefined) => (token === undefined ? [] : [token]);
  const around = (sequence: string, type_id: number) => [
    ...given(before).map((id) => ({ SpecialToken: { id, type_id } })),
    { Sequence: { id: sequence, type_id } },
    ...given(after).map((id) => ({ SpecialToken: { id, type_id } })),
  ];
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      [...given(before), ...given(after)].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }]),
    ),
  };
}
