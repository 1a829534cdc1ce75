import type { InitContext, Vocabulary } from "@revocab/core";
import { encodeSurfaceForms } from "./encode-surface-forms.ts";
import type { Hypernetwork } from "./open-hypernetwork.ts";
import type { SurfaceForms } from "./surface-forms.ts";

/** A surface form per target id: of text and byte tokens, from the bytes they stand for. */
export function formsOfTarget(
  { target: { vocabulary: target } }: InitContext,
  { config: { formLength, padId } }: Hypernetwork,
  vocabulary: Vocabulary,
): SurfaceForms {
  const tokens = Array.from({ length: target.size }, (_, id) => {
    const kind = target.kindOf(id);
    return kind === "text" || kind === "byte" ? target.bytesOf(id) : undefined;
  });
  return encodeSurfaceForms(tokens, { vocabulary, formLength, padId });
}
