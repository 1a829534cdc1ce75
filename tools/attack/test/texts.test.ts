import { TEXT_KINDS } from "../kinds.mjs";
import { attackKinds } from "./attack-kinds.ts";

attackKinds(TEXT_KINDS);
