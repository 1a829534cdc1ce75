import { MODEL_KINDS } from "../kinds.mjs";
import { attackKinds } from "./attack-kinds.ts";

attackKinds(MODEL_KINDS);
