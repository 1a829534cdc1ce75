import { quote, RevocabError, type SpecialRole, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import {
  type ComponentDocument,
  encodeSettings,
  isPieceList,
  mergesOf,
  parseJson,
  type TokenizerDocument,
  type TokenizerParts,
} from "@revocab/vocabulary/internal";
import { addedTokenDocument, editedTokenizer, followFiles, openForEditing } from "./edited-tokenizer.ts";
import { whyUnreachable } from "./why-unreachable.ts";

/** A new name for a token; the token keeps its id and its row. */
export interface TokenRename {
  /** As the file writes it: `<|reserved_special_token_0|>`, `<unused0>`, `[unused1]`. */
  readonly from: string;
  readonly to: string;
}

export interface RenamedToken extends TokenRename {
  readonly id: TokenId;
}

/**
 * Gives reserved tokens new names; their ids stay. The new names are control tokens, which are found before the model runs.
 * Everything that names an old one is changed: the model's vocabulary, the post-processor, padding, roles, lists of specials
 * and chat templates. Text that contains neither name is encoded as before.
 *
 * An ordinary piece cannot be renamed: texts that are encoded with it would lose it.
 * @throws RevocabError `bad_options` with the reason for each token that cannot be renamed
 */
export async function renameTokens(
  tokenizer: Tokenizer,
  renames: readonly TokenRename[],
): Promise<{ readonly tokenizer: Tokenizer; readonly renamed: readonly RenamedToken[] }> {
  const parts = openForEditing(tokenizer);
  const renamed: RenamedToken[] = [];
  for (const { from, to } of renames) {
    const id = idOf(parts, from);
    const reason = (await whyNot(parts, from, to, id)) ?? whyTwice(renamed, from, to);
    if (reason !== undefined || id === undefined) {
      throw new RevocabError("bad_options", `${quote(from)} cannot be renamed: ${reason}`, {
        hint: "rename reserved tokens, such as <|reserved_special_token_0|>, <unused0> or [unused1]; `inspectPath` lists the specials",
      });
    }
    renamed.push({ id, from, to });
  }
  if (renamed.length === 0) return { tokenizer, renamed };
  const result = writeRenamed(parts, renamed);
  const unreached = await whyUnreachable(result, new Map(renamed.map(({ id, to }) => [id, [to]])));
  for (const { id, from, to } of renamed) {
    const reason = unreached.get(id)?.reason;
    if (reason === undefined) continue;
    throw new RevocabError("bad_options", `${quote(from)} cannot be renamed ${quote(to)}: ${reason}`, {
      hint: "choose another name",
    });
  }
  return { tokenizer: result, renamed };
}

function idOf({ json }: TokenizerParts, token: string): TokenId | undefined {
  return json.added.find(({ content }) => content === token)?.id ?? json.pieces.idOf(token);
}

async function whyNot(
  parts: TokenizerParts,
  from: string,
  to: string,
  id: TokenId | undefined,
): Promise<string | undefined> {
  if (id === undefined) return "the tokenizer has no such token";
  if (to.trim() === "") return "its new name is empty";
  if (/\p{Surrogate}/u.test(to)) return "its new name has half of a surrogate pair";
  const holder = idOf(parts, to);
  if (holder !== undefined) return `the tokenizer has ${quote(to)} already: id ${holder}`;
  const { tokenizer, json } = parts;
  if (tokenizer.vocabulary.kindOf(id) === "byte") return "it stands for a byte";
  if (isMerged(parts, from)) return "the model's merges use it";
  if (json.added.some((token) => token.id === id) || RESERVED.test(from)) return undefined;
  const isWritten = (await whyUnreachable(tokenizer, new Map([[id, [from]]]))).size === 0;
  return isWritten ? "it is an ordinary piece, which texts are written with" : undefined;
}

/** Names of reserved tokens. A Unigram may encode a text that contains such a name with its entry, but no text does. */
const RESERVED = /^[<[].*(unused|reserved|extra_id|placeholder|spare|dummy).*[>\]]$/i;

function whyTwice(renamed: readonly RenamedToken[], from: string, to: string): string | undefined {
  if (renamed.some((other) => other.from === from)) return "it is renamed twice";
  return renamed.some((other) => other.to === to) ? `${quote(to)} is given twice` : undefined;
}

function isMerged({ document: { model } }: TokenizerParts, token: string): boolean {
  return mergesOf(model).some(([left, right]) => left === token || right === token || left + right === token);
}

function writeRenamed({ tokenizer, document }: TokenizerParts, renamed: readonly RenamedToken[]): Tokenizer {
  const nameOf = new Map(renamed.map(({ from, to }) => [from, to]));
  const old = document.added_tokens ?? [];
  const added = renamed.map(({ id, to }) =>
    addedTokenDocument(
      { content: to },
      id,
      old.find((token) => token.id === id),
    ),
  );
  const isRenamed = new Map(added.map((token) => [token.id, token]));
  const known = new Set(old.map(({ id }) => id));
  const { vocab, unk_token: unkToken } = document.model;
  const { padding, post_processor: postProcessor } = document;
  const result: TokenizerDocument = {
    ...document,
    ...(padding !== undefined && { padding: renamedValue(padding, nameOf) }),
    added_tokens: [
      ...old.map((token) => isRenamed.get(token.id) ?? token),
      ...added.filter(({ id }) => !known.has(id)),
    ],
    post_processor: renamedValue(postProcessor ?? null, nameOf) as ComponentDocument | null,
    model: {
      ...document.model,
      ...(typeof unkToken === "string" && { unk_token: nameOf.get(unkToken) ?? unkToken }),
      vocab: isPieceList(vocab)
        ? vocab.map(([piece, score]) => [nameOf.get(piece) ?? piece, score] as const)
        : Object.fromEntries(Object.entries(vocab).map(([piece, id]) => [nameOf.get(piece) ?? piece, id])),
    },
  };
  const files = followFiles(followNames(tokenizer.files, nameOf), added, (id) => id);
  return editedTokenizer(tokenizer, { files, document: result });
}

/**
 * The files beside a tokenizer.json after tokens were renamed. A value that is an old name becomes the new one, whether it
 * is a role, an AddedToken or an entry of a list. In chat templates every occurrence of an old name is replaced.
 */
function followNames(
  files: ReadonlyMap<string, Uint8Array>,
  nameOf: ReadonlyMap<string, string>,
): Map<string, Uint8Array> {
  const followed = new Map(files);
  for (const [name, bytes] of files) {
    if (name === "tokenizer_config.json" || name === "special_tokens_map.json") {
      const value = withTemplates(renamedValue(parseJson(bytes, name), nameOf), nameOf);
      followed.set(name, encodeSettings(value));
    } else if (/^chat_template\.jinja$|\.jinja$/.test(name)) {
      followed.set(name, new TextEncoder().encode(inTemplate(new TextDecoder().decode(bytes), nameOf)));
    } else if (name === "chat_template.json") {
      const value = withTemplates(parseJson(bytes, name), nameOf);
      followed.set(name, encodeSettings(value));
    }
  }
  return followed;
}

/** The JSON value with every string and every key that is an old name replaced by the new one. */
function renamedValue(value: unknown, nameOf: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return nameOf.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => renamedValue(item, nameOf));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [nameOf.get(key) ?? key, renamedValue(inner, nameOf)]),
  );
}

/** `chat_template` is a template, or a list of named ones. */
function withTemplates(value: unknown, nameOf: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || !("chat_template" in value)) return value;
  return { ...value, chat_template: inTemplates(value.chat_template, nameOf) };
}

function inTemplates(value: unknown, nameOf: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return inTemplate(value, nameOf);
  if (Array.isArray(value)) return value.map((item) => inTemplates(item, nameOf));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inTemplates(inner, nameOf)]));
}

function inTemplate(template: string, nameOf: ReadonlyMap<string, string>): string {
  let result = template;
  for (const [from, to] of nameOf) result = result.replaceAll(from, () => to);
  return result;
}

/**
 * The tokenizer with another token in a role: it is named in tokenizer_config.json and, if there is one, in
 * special_tokens_map.json. The vocabulary stays, and so does what is put around texts.
 * @throws RevocabError `bad_options` for a token that is not one of its specials
 */
export function nameRole(tokenizer: Tokenizer, role: SpecialRole, token: string): Tokenizer {
  const { vocabulary, origin, files } = tokenizer;
  if (vocabulary.idOfSpecial(token) === undefined) {
    throw new RevocabError(
      "bad_options",
      `${quote(token)} was named as the ${role} token, but it is no special token of ${origin}`,
      { hint: `add it as one, with \`addedTokens: ${quote(token)}\`` },
    );
  }
  const named = new Map(files);
  for (const name of ["tokenizer_config.json", "special_tokens_map.json"]) {
    const bytes = files.get(name);
    if (bytes === undefined && name !== "tokenizer_config.json") continue;
    const settings = bytes === undefined ? {} : (parseJson(bytes, name) as object);
    named.set(name, encodeSettings({ ...settings, [`${role}_token`]: token }));
  }
  return editedTokenizer(tokenizer, { files: named });
}
