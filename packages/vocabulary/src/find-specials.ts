import { quote, SPECIAL_ROLES, type SpecialRole, type TokenId } from "@revocab/core";
import { components, type TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";

export interface Specials {
  readonly idOfRole: ReadonlyMap<SpecialRole, TokenId>;
  /** Every special id with its string. */
  readonly tokenOf: ReadonlyMap<TokenId, string>;
  readonly notes: readonly string[];
}

/**
 * Which ids are special, and their roles. A token is special if added_tokens flags it, if tokenizer_config.json lists it as
 * additional, or if it has a role or a conventional name of one, even if its flag says otherwise (phi-3's `</s>`). Each role
 * is taken from the first of these that names it: tokenizer_config.json, special_tokens_map.json, the model's unk, the
 * post-processor and, if no file declares any role, the conventional names.
 *
 * A one-character token without the flag stays text and gets no role, even if it is named as unk or pad (a character model
 * whose unk is the space): the character needs its row, and a special must not be matched with it.
 */
export function findSpecials(
  json: TokenizerJson,
  configs: readonly Readonly<Record<string, unknown>>[],
): Specials {
  const addedIds = new Map(json.added.map(({ content, id }) => [content, id]));
  const idOf = (token: string): TokenId | undefined => addedIds.get(token) ?? json.pieces.idOf(token);
  const flagged = new Set(json.added.filter(({ special }) => special).map(({ id }) => id));
  const tokenOf = new Map<TokenId, string>();
  const idOfRole = new Map<SpecialRole, TokenId>();
  const notes: string[] = [];
  for (const { id, content, special } of json.added) {
    if (special || CONVENTIONAL_NAMES.has(content)) tokenOf.set(id, content);
  }

  const declared = new Map<SpecialRole, string | null>();
  for (const config of configs) {
    for (const [role, token] of declaredRoles(config)) {
      if ((declared.get(role) ?? null) === null) declared.set(role, token);
    }
    for (const token of declaredSpecials(config)) {
      const id = addedIds.get(token);
      if (id !== undefined) tokenOf.set(id, token);
    }
  }
  const give = (role: SpecialRole, token: string): void => {
    if (idOfRole.has(role)) return;
    const id = idOf(token);
    if (id === undefined) {
      notes.push(`the ${role} token ${quote(token)} is not in the vocabulary`);
    } else if (!flagged.has(id) && [...token].length === 1) {
      notes.push(`${quote(token)} is named as ${role} but stays text: it stands for that character`);
    } else {
      idOfRole.set(role, id);
      tokenOf.set(id, token);
    }
  };

  for (const [role, token] of declared) if (token !== null) give(role, token);
  const unk = unkOf(json);
  if (unk !== undefined && !declared.has("unk")) give("unk", unk);
  for (const [role, token] of processorRoles(json, new Set(idOfRole.values()), idOf)) {
    if (!declared.has(role)) give(role, token);
  }
  if ([...declared.values()].every((token) => token === null)) {
    const isControl = (token: string): boolean => {
      const id = idOf(token);
      if (id === undefined) return false;
      // Old files list no added tokens. `<s>` of a byte-level BPE may then be a piece learned from text.
      return tokenOf.has(id) || addedIds.has(token) || (json.added.length === 0 && json.model.type !== "BPE");
    };
    for (const role of SPECIAL_ROLES) {
      const token = declared.has(role) ? undefined : CONVENTIONAL_ROLES[role].find(isControl);
      if (token !== undefined) give(role, token);
    }
  }
  return { idOfRole, tokenOf, notes };
}

function unkOf({ model, pieces }: TokenizerJson): string | undefined {
  if (model.type !== "Unigram") return model.unkToken;
  return model.unkId === undefined ? undefined : pieces.at(model.unkId);
}

/**
 * The roles that a post-processor implies. BertProcessing and RobertaProcessing name cls and sep. The token that a template
 * puts before a text is bos and the one after it eos, unless the token conventionally has another role ([CLS], [SEP]).
 */
function processorRoles(
  json: TokenizerJson,
  taken: ReadonlySet<TokenId>,
  idOf: (token: string) => TokenId | undefined,
): [SpecialRole, string][] {
  const roles: [SpecialRole, string][] = [];
  for (const { type, cls, sep, single } of components(json.postProcessor)) {
    if (type === "BertProcessing" || type === "RobertaProcessing") {
      if (Array.isArray(cls) && typeof cls[0] === "string") roles.push(["cls", cls[0]]);
      if (Array.isArray(sep) && typeof sep[0] === "string") roles.push(["sep", sep[0]]);
    }
    if (type !== "TemplateProcessing" || !Array.isArray(single) || single.length < 2) continue;
    const ends = [
      ["bos", single[0]],
      ["eos", single[single.length - 1]],
    ] as const;
    for (const [role, item] of ends) {
      const token: unknown = item?.SpecialToken?.id;
      if (typeof token !== "string") continue;
      const custom = SPECIAL_ROLES.filter((other) => CONVENTIONAL_ROLES[other].includes(token));
      const id = idOf(token);
      if (custom.length === 0 && id !== undefined && taken.has(id)) continue;
      roles.push([custom.length === 0 || custom.includes(role) ? role : custom[0], token]);
    }
  }
  return roles;
}

/**
 * The role strings of a tokenizer_config.json or special_tokens_map.json: a string, or an AddedToken object with
 * `content` (old files add `"__type": "AddedToken"`). `null` says that the tokenizer has no such token.
 */
function declaredRoles(config: Readonly<Record<string, unknown>>): Map<SpecialRole, string | null> {
  const roles = new Map<SpecialRole, string | null>();
  for (const role of SPECIAL_ROLES) {
    const value = config[`${role}_token`];
    const content = value === null ? null : contentOf(value);
    if (content !== undefined) roles.set(role, content);
  }
  return roles;
}

/** The strings of `additional_special_tokens` and `extra_special_tokens`. */
export function declaredSpecials(config: Readonly<Record<string, unknown>>): string[] {
  return [config.additional_special_tokens, config.extra_special_tokens].flatMap((list) => {
    const values = typeof list === "object" && list !== null ? Object.values(list) : [];
    return values.map(contentOf).filter((content) => content !== undefined);
  });
}

function contentOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || !("content" in value)) return undefined;
  return typeof value.content === "string" ? value.content : undefined;
}

/**
 * Conventional names of specials, used only if no file of the tokenizer declares a role. The first name of a role that the
 * tokenizer has gets it. `<|endoftext|>` is the last choice for bos, eos and unk, as in GPT2Tokenizer.
 */
const CONVENTIONAL_ROLES: Readonly<Record<SpecialRole, readonly string[]>> = {
  bos: ["<s>", "<bos>", "[BOS]", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>"],
  eos: ["</s>", "<eos>", "[EOS]", "<|end_of_text|>", "<|endoftext|>"],
  pad: ["<pad>", "[PAD]", "<|pad|>"],
  unk: ["<unk>", "[UNK]", "<|unk|>", "<|endoftext|>"],
  mask: ["<mask>", "[MASK]"],
  sep: ["<sep>", "[SEP]"],
  cls: ["<cls>", "[CLS]"],
};

const CONVENTIONAL_NAMES: ReadonlySet<string> = new Set(Object.values(CONVENTIONAL_ROLES).flat());
