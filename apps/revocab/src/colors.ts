/**
 * Whether to colour what is written to a stream: on a terminal, but for `NO_COLOR` and `TERM=dumb`. `FORCE_COLOR` decides before all
 * these: `0` and `false` turn colours off, anything else on.
 */
export function hasColors(
  { isTTY }: { readonly isTTY?: boolean },
  { FORCE_COLOR, NO_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTTY === true && !NO_COLOR && TERM !== "dumb";
}

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const;

/** A text in a style where the stream has colours. What is foreign in it was escaped before. */
export function inStyle(
  style: keyof typeof STYLES,
  text: string,
  stream: { readonly isTTY?: boolean },
): string {
  if (!hasColors(stream)) return text;
  const [start, end] = STYLES[style];
  return `\u001b[${start}m${text}\u001b[${end}m`;
}
