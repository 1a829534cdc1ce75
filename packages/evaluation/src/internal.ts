/** What sibling packages share; not for users. */

export { prepareBitsPerByte } from "./bits-per-byte.ts";
export {
  type CoverState,
  RECENT,
  type TokenPath,
  type TokenStream,
  textTokensOf,
  unfinishedBytes,
} from "./bytes/cover-tree.ts";
export { type OpenText, type ReadingContext, readingContext } from "./bytes/reading-context.ts";
export { type Utf8State, utf8StateAfter } from "./bytes/token-bytes.ts";
export { goesOn, placesEnding, type Range, tokensFrom } from "./bytes/token-order.ts";
export { beginTokensOf } from "./encode-documents.ts";
export { askModel, scoredBy } from "./text-scoring.ts";
