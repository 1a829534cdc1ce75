import { element } from "./dom.ts";
import type { PageVocabulary } from "./unpack.ts";

/** A token as code, apart from the direction of the text around it. */
export function tokenCode(vocabulary: PageVocabulary, id: number): HTMLElement {
  return element("code", {}, element("bdi", {}, vocabulary.textOf(id)));
}
