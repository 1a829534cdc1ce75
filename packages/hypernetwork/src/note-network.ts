import { basename, join } from "node:path";
import { hashFile } from "@revocab/checkpoint";
import type { InitContext, TokenId } from "@revocab/core";
import { showText } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";
import type { Hypernetwork } from "./open-hypernetwork.ts";
import type { SurfaceForms } from "./surface-forms.ts";

/** Notes which files predicted the rows, which tokens were not read whole, and what was predicted in vain. */
export async function noteNetwork(
  { source: { tables }, target: { vocabulary }, abortSignal, onProgress }: InitContext,
  { directory, config, files }: Hypernetwork,
  { truncated, unspelled, formLength }: SurfaceForms,
): Promise<void> {
  const note = (message: string) => onProgress?.({ type: "note", step: "hypernetwork", message });
  const examples = (tokens: readonly TokenId[]) =>
    tokens
      .slice(0, 10)
      .map((token) => `${token} "${displayToken(vocabulary, token)}"`)
      .join(", ") + (tokens.length > 10 ? ", …" : "");
  for (const name of files) {
    const hash = await hashFile(join(directory, name), { ...(abortSignal && { abortSignal }) });
    note(`hypernetwork ${showText(basename(directory))}/${showText(name)}: sha256 ${hash}`);
  }
  if (truncated.length > 0) {
    note(
      `${truncated.length} target ${truncated.length === 1 ? "token is" : "tokens are"} spelled in more than ${formLength} pieces of the hypernetwork, of which only the first ${formLength} were read: ${examples(truncated)}`,
    );
  }
  if (unspelled.length > 0) {
    note(
      `${unspelled.length} target ${unspelled.length === 1 ? "token has" : "tokens have"} bytes that the hypernetwork cannot spell, so it has no row for ${unspelled.length === 1 ? "it" : "them"}: ${examples(unspelled)}`,
    );
  }
  const hasBiasTable = tables.some(({ slot }) => slot === "output.bias");
  if (config.hasBias && !hasBiasTable) {
    note("the hypernetwork predicts a bias per token, for which this model has no place: it was dropped");
  }
  const left = tables.filter(
    ({ slot }) => !["input", "output"].includes(slot) && !(slot === "output.bias" && config.hasBias),
  );
  for (const { slot } of left) {
    note(`the hypernetwork predicts no rows for the table ${slot}, which are left to the fallback`);
  }
}
