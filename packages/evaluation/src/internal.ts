/** What sibling packages share; not for users. */

export { prepareBitsPerByte } from "./bits-per-byte.ts";
export { beginTokensOf } from "./encode-documents.ts";
export { askModel, scoredBy } from "./text-scoring.ts";
