export { type PageTokenizer, pageTokenizer } from "./tokenize/page-tokenizer.ts";
