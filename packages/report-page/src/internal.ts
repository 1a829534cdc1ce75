export { pageScript, pageStyles } from "./page-sources.ts";
export { type PageTokenizer, pageTokenizer } from "./tokenize/page-tokenizer.ts";
