import { SPECIAL_ROLES, type SpecialRole, type TokenId } from "@revocab/core";
import {
  type AddedToken,
  addedTokensOf,
  type FrameItem,
  type TextFrame,
  type Tokenizer,
  withFrame,
} from "@revocab/vocabulary";
import { extendTokenizer, type NewAddedToken, nameRole } from "@revocab/vocabulary-editing";
import { hashContents } from "../model/hash-files.ts";
import {
  type ChatTemplateChoice,
  type FileTemplate,
  missingMarkers,
  templateFromFile,
} from "./chat-template.ts";

/** Which special tokens stand around texts: those that the model was trained with, or those of the target tokenizer as it is. */
export type SpecialTokensChoice = "model" | "target";

export interface FittingOptions {
  /** @default "model" */
  readonly specialTokens?: SpecialTokensChoice;
  /** With `source` the special tokens that its chat templates need are added. @default "auto" */
  readonly chatTemplate?: ChatTemplateChoice;
  /** The path of a chat template; it is checked against the fitted tokenizer before rows are initialized. @default none */
  readonly chatTemplateFile?: string;
  /** Control tokens to add to the target tokenizer. @default none */
  readonly specials?: readonly string[];
  /** The special token of the target that becomes its end-of-text token. @default its own */
  readonly eos?: string;
}

/** A target tokenizer for a model, and what was done to it. */
export interface FittedTokenizer {
  readonly tokenizer: Tokenizer;
  readonly fitting: Fitting;
  /** The chat template of `chatTemplateFile`: it is read only once, because it may be a pipe. */
  readonly template?: FileTemplate;
}

export interface Fitting {
  readonly specialTokens: SpecialTokensChoice;
  readonly specials: readonly string[];
  /** Ids of the added tokens. */
  readonly newTokens: readonly TokenId[];
  /** sha256 by name of the tokenizer's files before they were changed. */
  readonly inputs: Readonly<Record<string, string>>;
  /** In plain words. */
  readonly notes: readonly string[];
}

/**
 * Fits a target tokenizer to a model whose own tokenizer is `source`:
 * - it puts the same special tokens around a text, by roles: a model that saw BOS before each text still sees it, and
 *   one that never saw EOS behind a prompt is not told that the text is over;
 * - sentinels such as T5's `<extra_id_0>`, which stand for what the model is to fill in, are added where it lacks them;
 * - the special tokens of the source's chat template, with `chatTemplate: "source"`, and those in `specials` are added.
 *
 * Notes list the uses of special tokens that the target has no token for.
 *
 * `specialTokens: "target"` leaves out the first two; a note describes what the model was trained with.
 * @throws RevocabError as `extendTokenizer` does
 */
export async function fitTokenizer(
  target: Tokenizer,
  source: Tokenizer,
  {
    specialTokens = "model",
    chatTemplate = "auto",
    chatTemplateFile,
    specials = [],
    eos,
  }: FittingOptions = {},
): Promise<FittedTokenizer> {
  const sentinels = missingSentinels(source, target);
  const markers = chatTemplate === "source" ? missingSpecials(source, target) : [];
  const added = specialTokens === "model" ? [...sentinels, ...markers] : markers;
  const others = specials.filter((special) => added.every(({ content }) => content !== special));
  const extended = await withTokens(target, [...added, ...others.map((content) => ({ content }))]);
  const named = withRolesOf(source, extended.tokenizer, specials);
  const ended = eos === undefined ? named : nameRole(named, "eos", eos);
  const { tokenizer, notes } = fitFrame(ended, source, specialTokens, specials);
  const template =
    chatTemplateFile === undefined ? undefined : await templateFromFile(chatTemplateFile, tokenizer);
  return {
    tokenizer,
    template,
    fitting: {
      specialTokens,
      specials,
      newTokens: extended.newTokens,
      inputs: hashContents(target.files),
      notes: [
        ...sentinelNotes(sentinels, specialTokens),
        ...(markers.length === 0
          ? []
          : [`added for the source's chat template, with their rows: ${listed(markers)}`]),
        ...notes,
        ...lostRoleNotes(source, tokenizer),
      ],
    },
  };
}

/** Gives added specials the roles that the same tokens have in the source, where no other token of the target has them. */
function withRolesOf(source: Tokenizer, target: Tokenizer, specials: readonly string[]): Tokenizer {
  const open = SPECIAL_ROLES.flatMap((role) => {
    const token = tokenOfRole(source, role);
    const isOpen = target.vocabulary.idOfRole(role) === undefined;
    return isOpen && token !== undefined && specials.includes(token) ? [{ role, token }] : [];
  });
  return open.reduce((named, { role, token }) => nameRole(named, role, token), target);
}

/** What no longer works without a token of the role. BOS, CLS and SEP stand around texts: see {@link fitFrame}. */
const LOST: readonly (readonly [SpecialRole, string])[] = [
  ["pad", "texts of several lengths cannot be put into one batch"],
  ["mask", "no gap can be marked in a text"],
  ["eos", "nothing ends a text"],
];

function lostRoleNotes(source: Tokenizer, target: Tokenizer): string[] {
  return LOST.flatMap(([role, consequence]) => {
    const id = source.vocabulary.idOfRole(role);
    if (id === undefined || counterpart(id, source, target) !== undefined) return [];
    const token = source.vocabulary.tokenOf(id);
    return [
      `the target tokenizer has no counterpart of the model's ${role} token, ${token}: ${consequence} (\`specials: "${token}"\` adds it)`,
    ];
  });
}

function tokenOfRole({ vocabulary }: Tokenizer, role: SpecialRole): string | undefined {
  const id = vocabulary.idOfRole(role);
  return id === undefined ? undefined : vocabulary.tokenOf(id);
}

const SENTINEL = /^<extra_id_\d+>$/;

function missingSentinels(source: Tokenizer, target: Tokenizer): AddedToken[] {
  return addedTokensOf(source).filter(
    ({ content }) => SENTINEL.test(content) && target.vocabulary.idOfSpecial(content) === undefined,
  );
}

/** The special tokens in the source's chat templates that the target lacks, but for those that are named by role. */
function missingSpecials(source: Tokenizer, target: Tokenizer): AddedToken[] {
  const missing = new Set(missingMarkers(source, target).map(({ marker }) => marker));
  return addedTokensOf(source).filter(({ content }) => missing.has(content));
}

async function withTokens(target: Tokenizer, addedTokens: readonly NewAddedToken[]) {
  if (addedTokens.length === 0) return { tokenizer: target, newTokens: [] };
  const { tokenizer, added } = await extendTokenizer(target, { addedTokens });
  return { tokenizer: { ...tokenizer, origin: target.origin }, newTokens: added.map(({ id }) => id) };
}

function sentinelNotes(sentinels: readonly AddedToken[], choice: SpecialTokensChoice): string[] {
  if (sentinels.length === 0) return [];
  return [
    choice === "model"
      ? `added, with their rows, because the model was trained with them: ${listed(sentinels)}`
      : `the model was trained with sentinels that the target tokenizer does not have: ${listed(sentinels)}`,
  ];
}

function listed(tokens: readonly AddedToken[]): string {
  const shown = tokens.slice(0, 3).map(({ content }) => content);
  return tokens.length > shown.length
    ? `${shown.join(", ")} and ${tokens.length - shown.length} more`
    : shown.join(", ");
}

function fitFrame(
  target: Tokenizer,
  source: Tokenizer,
  choice: SpecialTokensChoice,
  specials: readonly string[],
): { readonly tokenizer: Tokenizer; readonly notes: readonly string[] } {
  if (source.frame === undefined) {
    const note =
      "the post-processor of the model's tokenizer is not understood: the target's is left as it is";
    return { tokenizer: target, notes: [note] };
  }
  const { frame, lost, merged } = translated(source.frame, source, target, specials);
  const notes = [
    ...lost.map(
      (token) =>
        `the model's texts have ${token}, for which the target tokenizer has no token: nothing stands there`,
    ),
    ...merged.map(
      ([token, tokens]) =>
        `CHECK THE OUTPUT: ${tokens.join(" and ")} of the model's texts are both ${token} now; a model that looks for one of them, as CLIP does for the end of a text, finds the other (\`specials: ${tokens.map((one) => `"${one}"`).join(" ")}\` gives the target tokenizer a token for each)`,
    ),
  ];
  if (target.frame !== undefined && isSameFrame(frame, target.frame)) return { tokenizer: target, notes };
  const { what, own, models } = difference(target.frame, frame);
  if (choice === "target") {
    return {
      tokenizer: target,
      notes: [
        `${what} is written as ${own}, as the target tokenizer has it; the model was trained with ${models}`,
      ],
    };
  }
  return {
    tokenizer: withFrame(target, frame),
    notes: [
      ...notes,
      `${what} is written as ${models}, as the model was trained; the target tokenizer itself writes ${own} (\`specialTokens: target\` leaves that)`,
    ],
  };
}

/** The source's frame in the target's tokens. */
function translated(
  { single, pair }: TextFrame,
  source: Tokenizer,
  target: Tokenizer,
  specials: readonly string[],
): {
  readonly frame: TextFrame;
  readonly lost: readonly string[];
  /** Tokens of the target that stand for several of the source. */
  readonly merged: readonly (readonly [string, readonly string[]])[];
} {
  const lost = new Set<string>();
  const standsFor = new Map<string, Set<string>>();
  const translate = (items: readonly FrameItem[]) =>
    items.flatMap((item): readonly FrameItem[] => {
      if (item.kind === "text") return [item];
      // an added token of the same name goes before a token of the same role
      const own = specials.includes(item.token) ? target.vocabulary.idOfSpecial(item.token) : undefined;
      const id = own ?? counterpart(item.id, source, target);
      if (id !== undefined) {
        const token = target.vocabulary.tokenOf(id);
        standsFor.set(token, (standsFor.get(token) ?? new Set()).add(item.token));
        return [{ ...item, id, token }];
      }
      lost.add(item.token);
      return [];
    });
  const frame = { single: translate(single), pair: translate(pair) };
  const merged = [...standsFor].filter(([, tokens]) => tokens.size > 1);
  return { frame, lost: [...lost], merged: merged.map(([token, tokens]) => [token, [...tokens]]) };
}

/** Encoders open a text with [CLS] and close it with [SEP], decoders do so with BOS and EOS. */
const KIN: Readonly<Partial<Record<SpecialRole, SpecialRole>>> = {
  cls: "bos",
  bos: "cls",
  sep: "eos",
  eos: "sep",
};

function counterpart(
  id: TokenId,
  { vocabulary: source }: Tokenizer,
  { vocabulary: target }: Tokenizer,
): TokenId | undefined {
  const roles = source.rolesOf(id);
  const kin = roles.map((role) => KIN[role]).filter((role) => role !== undefined);
  const byRole = (all: readonly SpecialRole[]) =>
    all.map((role) => target.idOfRole(role)).find((found) => found !== undefined);
  return byRole(roles) ?? target.idOfSpecial(source.tokenOf(id)) ?? byRole(kin);
}

function isSameFrame(one: TextFrame, other: TextFrame): boolean {
  const written = ({ single, pair }: TextFrame) =>
    JSON.stringify(
      [single, pair].map((items) =>
        items.map((item) => [item.kind === "text" ? item.text : item.id, item.kind, item.typeId]),
      ),
    );
  return written(one) === written(other);
}

/** In words: single texts, where they differ, else pairs. */
function difference(own: TextFrame | undefined, models: TextFrame) {
  if (own === undefined || describe(own.single) !== describe(models.single)) {
    const ownWords = own === undefined ? "what its post-processor adds" : describe(own.single);
    return { what: "a text", own: ownWords, models: describe(models.single) };
  }
  return { what: "a pair of texts", own: describe(own.pair), models: describe(models.pair) };
}

/** `[CLS] A [SEP] B:1 [SEP]:1`, where 1 is a type id. */
function describe(items: readonly FrameItem[]): string {
  return items
    .map((item) => {
      const word = item.kind === "text" ? item.text : item.token;
      return item.typeId === 0 ? word : `${word}:${item.typeId}`;
    })
    .join(" ");
}
