import { Argument, type Command } from "commander";
import { runCommand } from "../run-command.ts";

export interface CompletionResult {
  readonly shell: string;
  readonly script: string;
}

export function registerCompletion(program: Command): void {
  const command = program
    .command("completion")
    .summary("print a script that completes commands in your shell")
    .description(
      "Print a script that completes commands, options and their values: source <(revocab completion bash), source <(revocab completion zsh), revocab completion fish | source.",
    )
    .addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"]));
  command.action(async (shell: "bash" | "zsh" | "fish") => {
    await runCommand(
      command,
      async (): Promise<CompletionResult> => {
        const { catalog } = await import("../catalog.ts");
        const { commandTable } = await import("../completion/command-table.ts");
        const { COMPLETION_SCRIPTS } = await import("../completion/completion-scripts.ts");
        const table = commandTable(program, Object.keys(await catalog()));
        return { shell, script: COMPLETION_SCRIPTS[shell](table) };
      },
      ({ script }) => {
        // for a shell, not for a person: no line of it may be broken
        process.stdout.write(script);
        return { blocks: [] };
      },
      { readsOnly: true },
    );
  });
}
