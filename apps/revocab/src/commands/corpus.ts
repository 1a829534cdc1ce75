import type { Command } from "commander";
import { registerMixCorpus } from "./corpus-mix.ts";

export function registerCorpus(program: Command): void {
  const command = program
    .command("corpus")
    .summary("prepare text that methods learn from")
    .description("Prepare text that methods learn from.");
  registerMixCorpus(command);
}
