import type { InitContext } from "@revocab/core";
import { quote } from "@revocab/core";
import type { Participants } from "./model.ts";

/** Notes how many new text and byte tokens the text never has, and some of them: nothing is learned of their rows. */
export function noteWithoutEvidence(
  { alignment: { sourceOf }, target: { vocabulary }, onProgress }: InitContext,
  { newTokens }: Participants,
): void {
  const isMet = new Uint8Array(sourceOf.length);
  for (const id of newTokens) isMet[id] = 1;
  const news = Array.from(sourceOf.keys()).filter((id) => {
    const kind = vocabulary.kindOf(id);
    return sourceOf[id] < 0 && (kind === "text" || kind === "byte");
  });
  const missing = news.filter((id) => isMet[id] === 0);
  if (missing.length === 0) return;
  const examples = missing.slice(0, EXAMPLES).map((id) => `${id} ${quote(vocabulary.tokenOf(id))}`);
  onProgress?.({
    type: "note",
    step: "cw2v",
    message: `${missing.length} of ${news.length} new tokens are nowhere in the text, so that their rows have no evidence, such as ${examples.join(", ")}`,
  });
}

const EXAMPLES = 5;
