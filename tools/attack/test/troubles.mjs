import { RevocabError } from "../../../packages/core/dist/index.js";

/** A kind whose mutants end the reader in each way there is; a mutant beyond them cannot be made. */
export default function troubles() {
  let next;
  return {
    seeds: [],
    mutant(random) {
      next = TROUBLES[random.number];
      return { what: next[0], files: [["trouble.txt", next[0]]] };
    },
    read: () => next[1](),
  };
}

function refuse(message, options) {
  throw new RevocabError("bad_file", message, options);
}
const hint = "give another";

/** As an error would be that did not come through the constructor, which makes its message safe to show. */
function refuseUnchecked(message) {
  throw Object.assign(new Error(message), { name: "RevocabError", code: "bad_file", hint });
}

const TROUBLES = [
  ["nothing", () => []],
  ["a refusal", () => refuse("found this, expected that", { hint })],
  ["an abort", () => process.abort()],
  ["nothing", () => []],
  [
    "an error without a code",
    () => {
      throw new TypeError("x is not a function");
    },
  ],
  [
    "an escaped rejection",
    () => {
      Promise.reject(new Error("nobody waits for this"));
      return new Promise((resolve) => setTimeout(resolve, 1000, []));
    },
  ],
  ["a message without a hint", () => refuse("found this, expected that")],
  ["a message without end", () => refuseUnchecked("x".repeat(1201))],
  ["a message with an escape", () => refuseUnchecked("found \u001b[2J")],
  ["a note that turns text around", () => ["found \u202e"]],
  [
    "a loop without end",
    () => {
      for (;;);
    },
  ],
  [
    "memory without end",
    async () => {
      const held = [];
      for (;;) {
        held.push(Buffer.alloc(50e6, 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  ],
  ["nothing", () => []],
];
