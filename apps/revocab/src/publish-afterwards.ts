import { RevocabError } from "@revocab/core";
import type { PublishedFolder } from "@revocab/hub";
import { awaitAnswer } from "./await-answer.ts";
import type { CommandContext } from "./run-command.ts";

export interface PublishFlags {
  readonly publish?: string;
  readonly private?: boolean;
  readonly allowFile?: readonly string[];
}

/**
 * Prepares to publish what a command writes. A wrong name, a missing token and the like are errors at once, before
 * hours of work; a failure afterwards says where the model is and how to try again.
 */
export async function publishAfterwards(
  { publish: to, private: hidden = false, allowFile }: PublishFlags,
  context: CommandContext,
): Promise<(folder: string) => Promise<{ readonly published?: PublishedFolder }>> {
  if (to === undefined) {
    if (!hidden && allowFile === undefined) return async () => ({});
    const option = hidden ? "--private" : "--allow-file";
    throw new RevocabError("bad_options", `${option} was given without --publish`, {
      hint: "pass --publish OWNER/NAME as well",
    });
  }
  const { checkPublisher, publishFolder } = await import("@revocab/hub");
  const options = {
    to,
    ...(hidden && { private: true }),
    allowFiles: allowFile,
    ...context,
  };
  await checkPublisher(options);
  return async (folder) => {
    try {
      return { published: await awaitAnswer(() => publishFolder({ folder, ...options })) };
    } catch (error) {
      if (!(error instanceof RevocabError)) throw error;
      const again = [
        `revocab publish ${folder} --to ${to}`,
        ...(hidden ? ["--private"] : []),
        ...(allowFile ?? []).map((name) => `--allow-file ${name}`),
      ].join(" ");
      throw new RevocabError(
        error.code,
        `the model is in ${folder}, but it was not published: ${error.message}`,
        {
          hint: `${error.hint === undefined ? "" : `${error.hint}; `}then ${again}`,
        },
      );
    }
  };
}
