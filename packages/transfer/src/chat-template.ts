import { RevocabError } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";

/** Whose chat template the target model gets; `auto` takes the target's, else the source's where it fits. */
export type ChatTemplateChoice = "auto" | "source" | "target" | "none";

export interface ChosenChatTemplate {
  readonly from: "source" | "target" | "none";
  readonly template: string | undefined;
  /** Why it was chosen, where the user did not choose. */
  readonly note: string | undefined;
}

/**
 * Chooses the chat template of the target model. A template is only as good as its markers: each special
 * token written in it must be one token of the target tokenizer, else the model would see it in pieces.
 *
 * @throws RevocabError `bad_options` when the template asked for is missing or does not fit
 */
export function chooseChatTemplate(
  choice: ChatTemplateChoice,
  source: Tokenizer,
  target: Tokenizer,
): ChosenChatTemplate {
  if (choice === "none") return { from: "none", template: undefined, note: undefined };
  const from = choice === "auto" ? (target.chatTemplate === undefined ? "source" : "target") : choice;
  const template = (from === "source" ? source : target).chatTemplate;
  if (template === undefined) {
    if (choice === "auto") return { from: "none", template: undefined, note: undefined };
    throw new RevocabError("bad_options", `the ${from} has no chat template`, {
      hint: "choose --chat-template auto or none",
    });
  }
  const missing = missingMarkers(template, from === "source" ? source : target, target);
  if (missing.length === 0) return { from, template, note: undefined };
  const found = `the ${from}'s chat template writes ${missing.map((m) => `"${m}"`).join(", ")}, which the target tokenizer has not as one token`;
  if (choice === "auto") {
    return { from: "none", template: undefined, note: `${found}; no chat template is written` };
  }
  throw new RevocabError("bad_options", found, {
    hint: "add these tokens to the target tokenizer first, or choose --chat-template none",
  });
}

/** Special tokens the template writes out, or names by role, that the target tokenizer does not have as one token. */
function missingMarkers(template: string, owner: Tokenizer, target: Tokenizer): string[] {
  const written = new Set<string>();
  for (const { token } of owner.specialTokens) if (template.includes(token)) written.add(token);
  for (const [marker] of template.matchAll(/<\|[^|<>\s]{1,64}\|>/g)) written.add(marker);
  const missing = [...written].filter((token) => target.vocabulary.idOfSpecial(token) === undefined);
  for (const role of ["bos", "eos", "pad", "unk"] as const) {
    const named = new RegExp(`\\b${role}_token\\b`).test(template);
    if (named && target.vocabulary.idOfRole(role) === undefined) missing.push(`${role}_token`);
  }
  return missing;
}
