import { RevocabError } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { FileTemplate } from "./template-from-file.ts";

/** Whose chat template the target model gets; `auto` takes the target's, else the source's where it fits. */
export type ChatTemplateChoice = "auto" | "source" | "target" | "none";

export interface ChosenChatTemplate {
  /** `file`: one of the user's own, see `templateFromFile`. */
  readonly from: "source" | "target" | "none" | "file";
  /** All templates of that side, by name. */
  readonly templates: ReadonlyMap<string, string>;
  /** Why it was chosen, where the user did not choose. */
  readonly note: string | undefined;
  /** Of a file: its name, and a sample conversation as it writes it. */
  readonly file?: FileTemplate["file"];
  readonly sample?: FileTemplate["sample"];
}

/**
 * Chooses the chat templates of the target model. A template is only as good as its markers: each special
 * token written in it must be one token of the target tokenizer, else the model would see it in pieces.
 *
 * @throws RevocabError `bad_options` when the templates asked for are missing or do not fit
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

/** A role comes with a token of the source's that is added under its own name; the rest are no question of roles. */
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

/** A token that a template writes out, or names by role, and that the target tokenizer does not have as one token. */
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
