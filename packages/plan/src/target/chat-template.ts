import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { quote, RevocabError, showText } from "@revocab/core";
import { readWhole } from "@revocab/files";
import { type Tokenizer, unlessRefused, writableEncoder } from "@revocab/vocabulary";
import { type RenderedSample, renderSample, tokensOfRoles } from "./render-sample.ts";

/** Which chat template the target model gets. `auto`: the target's; where it has none, the source's, if that fits. */
export type ChatTemplateChoice = "auto" | "source" | "target" | "none";

export interface ChosenChatTemplate {
  /** `file`: a template of the user's, see `templateFromFile`. */
  readonly from: "source" | "target" | "none" | "file";
  /** All its templates, by name. */
  readonly templates: ReadonlyMap<string, string>;
  /** Why it was chosen, where the user did not choose. */
  readonly note: string | undefined;
  /** Of a file: its name, and a sample conversation that it renders. */
  readonly file?: FileTemplate["file"];
  readonly sample?: FileTemplate["sample"];
}

/**
 * Chooses the chat templates of the target model. Each special token in a template must be one token of the target tokenizer:
 * otherwise the model would see it in pieces.
 *
 * @throws RevocabError `bad_options` when the chosen templates are missing or do not fit
 */
export function chooseChatTemplate(
  choice: ChatTemplateChoice,
  source: Tokenizer,
  target: Tokenizer,
): ChosenChatTemplate {
  if (choice === "none") return NONE;
  const from = choice === "auto" ? (target.chatTemplates.size === 0 ? "source" : "target") : choice;
  const owner = from === "source" ? source : target;
  const templates = owner.chatTemplates;
  if (templates.size === 0) {
    if (choice === "auto") return NONE;
    throw new RevocabError("bad_options", `the ${from} has no chat template`, {
      hint: "choose `chatTemplate: auto` or `chatTemplate: none`",
    });
  }
  const missing = missingMarkers(owner, target);
  if (missing.length === 0) return { from, templates, note: undefined };
  const names = [...new Set(missing.map(({ template }) => template))].map(nameOfTemplate).join(", ");
  const markers = [...new Set(missing.map(({ marker }) => `"${marker}"`))].join(", ");
  const found = `the ${from}'s ${names} writes ${markers}, which the target tokenizer has not as one token`;
  if (choice === "auto") {
    const hint = from === "source" ? ` (${howToAdd(missing, source)} adds these tokens)` : "";
    return { ...NONE, note: `${found}; no chat template is written${hint}` };
  }
  throw new RevocabError("bad_options", found, {
    hint: "add these tokens to the target tokenizer first, or choose `chatTemplate: none`",
  });
}

/** The options that add what is missing: a role needs the source's token of that role by name, other tokens only `chatTemplate`. */
function howToAdd(missing: readonly MissingMarker[], { vocabulary }: Tokenizer): string {
  const roles = TEMPLATE_ROLES.filter((role) => missing.some(({ marker }) => marker === `${role}_token`));
  const ids = roles.map((role) => vocabulary.idOfRole(role)).filter((id) => id !== undefined);
  const tokens = [...new Set(ids.map((id) => `"${vocabulary.tokenOf(id)}"`))];
  return [
    "`chatTemplate: source`",
    ...(tokens.length === 0 ? [] : [`with \`specials: ${tokens.join(" ")}\``]),
  ].join(" ");
}

const NONE: ChosenChatTemplate = { from: "none", templates: new Map(), note: undefined };

function nameOfTemplate(name: string): string {
  return name === "default" ? "chat template" : `chat template "${name}"`;
}

/** A token in a template that the target tokenizer does not have as one token. */
export interface MissingMarker {
  /** The template's name. */
  readonly template: string;
  /** A token, or `bos_token` for a role that the target has no token for. */
  readonly marker: string;
}

const TEMPLATE_ROLES = ["bos", "eos", "pad", "unk"] as const;

export function missingMarkers(owner: Tokenizer, target: Tokenizer): MissingMarker[] {
  return [...owner.chatTemplates].flatMap(([template, text]) => {
    const written = new Set<string>();
    for (const { token } of owner.specialTokens) if (text.includes(token)) written.add(token);
    for (const [marker] of text.matchAll(/<\|[^|<>\s]{1,64}\|>/g)) written.add(marker);
    const tokens = [...written].filter((token) => target.vocabulary.idOfSpecial(token) === undefined);
    const roles = TEMPLATE_ROLES.filter((role) => new RegExp(`\\b${role}_token\\b`).test(text))
      .filter((role) => target.vocabulary.idOfRole(role) === undefined)
      .map((role) => `${role}_token`);
    return [...tokens, ...roles].map((marker) => ({ template, marker }));
  });
}

/** A chat template from a file, checked against the tokenizer that will use it. */
export interface FileTemplate {
  readonly from: "file";
  readonly templates: ReadonlyMap<string, string>;
  readonly note: string | undefined;
  /** The file without its path. */
  readonly file: { readonly name: string; readonly sha256: string };
  readonly sample: RenderedSample & {
    /** How many tokens the text has, and the special ones among them, in order. */
    readonly tokens: number;
    readonly specials: readonly string[];
  };
}

/**
 * Reads a chat template and renders a sample conversation. Every control token in it (`<|im_start|>`) and every role
 * (`bos_token`) must be one token of the tokenizer: otherwise the model would be trained and prompted with pieces of them.
 * @throws RevocabError `missing_file`, `bad_text`; `bad_options` for a template that renders nothing, or whose tokens are missing
 */
export async function templateFromFile(path: string, tokenizer: Tokenizer): Promise<FileTemplate> {
  const template = await readTemplate(path);
  const sample = await renderSample(template, tokensOfRoles(tokenizer));
  if (sample.text.trim() === "") {
    throw new RevocabError(
      "bad_options",
      `the chat template ${showText(path)} writes nothing of a conversation`,
      {
        hint: "give a file with a chat template in Jinja, which writes the messages",
      },
    );
  }
  const written = markersIn(`${template}\n${sample.text}`, tokenizer);
  const split = (
    await Promise.all(written.map(async (marker) => ((await isOneToken(tokenizer, marker)) ? [] : [marker])))
  ).flat();
  const missing = [...split.filter((marker) => CONTROL.test(marker)), ...missingRoles(template, tokenizer)];
  if (missing.length > 0) {
    const names = missing.map((marker) => quote(marker)).join(", ");
    throw new RevocabError(
      "bad_options",
      `the chat template ${showText(path)} writes ${names}, which the tokenizer does not have as one token`,
      {
        hint: `add what is missing as control tokens: \`specials: ${missing.map((one) => quote(one)).join(" ")}\``,
      },
    );
  }
  const { ids, refused } = await writableEncoder(tokenizer)(sample.text);
  const { vocabulary } = tokenizer;
  return {
    from: "file",
    templates: new Map([["default", template]]),
    note: noteOn(split, refused),
    file: { name: basename(path), sha256: createHash("sha256").update(template).digest("hex") },
    sample: {
      ...sample,
      tokens: ids.length,
      specials: Array.from(ids).flatMap((id) =>
        vocabulary.kindOf(id) === "special" ? [vocabulary.tokenOf(id)] : [],
      ),
    },
  };
}

/** In bytes; the longest published templates have 20 kB. */
const LONGEST_TEMPLATE = 10e6;

function noteOn(split: readonly string[], refused: readonly string[]): string | undefined {
  const listed = (texts: readonly string[]) => texts.map((text) => quote(text)).join(", ");
  const notes = [
    ...(split.length === 0
      ? []
      : [`the chat template writes ${listed(split)} as ordinary text: the tokenizer has no such token`]),
    ...(refused.length === 0
      ? []
      : [
          `the tokenizer cannot write ${listed([...new Set(refused)].slice(0, 10))} of the sample conversation`,
        ]),
  ];
  return notes.length === 0 ? undefined : notes.join("; ");
}

/** The whole content: white space at the end is part of a template. */
async function readTemplate(path: string): Promise<string> {
  const bytes = await readWhole(path, {
    most: LONGEST_TEMPLATE,
    hint: "give the path of a file with a chat template in Jinja",
  });
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new RevocabError("bad_text", `the chat template ${showText(path)} is not UTF-8`, {
    hint: "convert it, for example with iconv -f LATIN1 -t UTF-8",
  });
}

/** Whether the tokenizer encodes a marker as one token, special or not (Qwen's `<think>`). */
async function isOneToken({ encode, vocabulary }: Tokenizer, marker: string): Promise<boolean> {
  const ids = await unlessRefused(encode(marker));
  return ids?.some((id) => vocabulary.tokenOf(id) === marker) ?? false;
}

/** Everything in a text that looks like a control token, and every special token of the tokenizer in it. */
function markersIn(text: string, { specialTokens }: Tokenizer): string[] {
  const markers = Array.from(text.matchAll(MARKER), ([marker]) => marker);
  const specials = specialTokens.map(({ token }) => token).filter((token) => text.includes(token));
  return [...new Set([...markers, ...specials])];
}

/** `<|im_start|>`, DeepSeek's `<｜User｜>`, `<start_of_turn>`; but not Jinja's own signs and comparisons. */
const MARKER = /<\|[^|<>\s]{1,64}\|>|<｜[^｜<>\s]{1,64}｜>|<\/?[a-z]\w{0,63}>/gi;
/** Never ordinary text, unlike `<tools>`, which some templates write as text. */
const CONTROL = /^<[|｜].*[|｜]>$/;

function missingRoles(template: string, { vocabulary }: Tokenizer): string[] {
  const named = (["bos", "eos", "pad", "unk"] as const).filter((role) =>
    new RegExp(`\\b${role}_token\\b`).test(template),
  );
  return named.filter((role) => vocabulary.idOfRole(role) === undefined).map((role) => `${role}_token`);
}
