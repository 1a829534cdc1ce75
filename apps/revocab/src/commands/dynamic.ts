import type { Command } from "commander";
import { registerDynamicEncode } from "./dynamic-encode.ts";
import { registerDynamicVocabulary } from "./dynamic-vocabulary.ts";

export function registerDynamic(program: Command): void {
  const command = program
    .command("dynamic")
    .summary("read and write texts in fewer tokens")
    .description(
      "Tokens beyond a model's own vocabulary, with rows by a method or a hypernetwork, while the model stays as it is.",
    );
  registerDynamicEncode(command);
  registerDynamicVocabulary(command);
}
