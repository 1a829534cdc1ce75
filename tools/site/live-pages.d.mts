/** The pages of the commands that tools/site/live-examples.md names, by their names; `run` runs one command line. */
export function livePages(
  run?: (args: readonly string[]) => Promise<{ readonly code: number | null; readonly stderr: string }>,
): Promise<ReadonlyMap<string, string>>;
