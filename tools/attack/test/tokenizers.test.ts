import { TOKENIZER_KINDS } from "../kinds.mjs";
import { attackKinds } from "./attack-kinds.ts";

attackKinds(TOKENIZER_KINDS);
