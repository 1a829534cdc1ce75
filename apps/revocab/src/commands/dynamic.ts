import type { Command } from "commander";
import { registerDynamicEncode } from "./dynamic-encode.ts";

export function registerDynamic(program: Command): void {
  const command = program
    .command("dynamic")
    .summary("merge the tokens of texts, so that these become shorter")
    .description("Tokens that are merged for a batch of texts, and have rows by a hypernetwork or a method.");
  registerDynamicEncode(command);
}
