/**
 * Translates a library's message for users of the command line. Libraries put options and functions in backticks, as
 * their callers write them: `untie`, `role: input`, `savePlan`. Here they become `--untie`, `--role input` and
 * `revocab plan`; other names in backticks stay.
 */
export function inFlags(message: string): string {
  return message.replace(/`([A-Za-z]+)(?:: ([^`]*))?`/g, (whole, name: string, value: string | undefined) => {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command !== undefined && value === undefined) return command;
    if (name === "copyShared") return value === "false" ? "--no-copy" : "--copy";
    const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (flag === undefined) return whole;
    return value === undefined ? flag : `${flag} ${value}`;
  });
}

/** The flag of each option that a message of a library may name. */
export const FLAGS: Readonly<Record<string, string>> = {
  adapter: "--adapter",
  addedTokens: "--special",
  after: "--after",
  allowFiles: "--allow-file",
  allowZeroRows: "--allow-zero-rows",
  base: "--base",
  batchTokens: "--batch",
  bos: "--bos",
  boundaries: "--boundaries",
  byteLevel: "--bytes",
  byToken: "--by-token",
  carry: "--carry",
  chatTemplate: "--chat-template",
  context: "--context",
  contextLength: "--context",
  device: "--device",
  digits: "--digits",
  donor: "--donor",
  dtype: "--dtype",
  dynamic: "--dynamic",
  eos: "--eos",
  exact: "--exact",
  fallback: "--fallback",
  fitText: "--fit-weights",
  force: "--force",
  ignoreTensors: "--ignore-tensor",
  language: "--language",
  languages: "--language",
  learn: "--learn",
  maxBytes: "--max-bytes",
  mean: "--mean",
  memory: "--memory",
  merges: "--merges",
  method: "--method",
  objective: "--objective",
  out: "--out",
  padToMultipleOf: "--pad-to-multiple-of",
  prefill: "--prefill",
  rate: "--rate",
  reduction: "--reduction",
  remote: "--remote",
  renames: "--rename",
  requests: "--requests",
  role: "--role",
  rows: "--rows",
  seed: "--seed",
  servedModel: "--served-model",
  server: "--server",
  shortlist: "--shortlist",
  size: "--size",
  skipRefused: "--skip-refused",
  source: "--source",
  specialTokens: "--special-tokens",
  specials: "--special",
  state: "--state",
  suffix: "--suffix",
  teacher: "--teacher",
  text: "--text",
  threads: "--threads",
  tokenIds: "--token-id",
  tokenizer: "--tokenizer",
  trainText: "--train-text",
  untie: "--untie",
  vocabularyTensors: "--vocabulary-tensor",
  weights: "--weights",
  with: "--with",
};

/** The command of each function that a message of a library may name. */
export const COMMANDS: Readonly<Record<string, string>> = {
  applyPlan: "revocab apply",
  applySavedPlan: "revocab apply",
  compareMethods: "revocab compare",
  editVocabulary: "revocab extend",
  evaluateModel: "revocab eval",
  generateText: "revocab generate",
  generateBytes: "revocab generate",
  healModel: "revocab heal",
  inspectPath: "revocab inspect",
  METHODS: "revocab methods",
  publishFolder: "revocab publish",
  savePlan: "revocab plan",
  streamSwap: "revocab swap --remote",
  swapTokenizer: "revocab swap",
  writeLargeVocabulary: "revocab dynamic vocabulary",
};
