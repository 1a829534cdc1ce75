export { isLanguageCode, readCardFacts } from "./card-facts.ts";
