/** The verdicts, those that pass first. */
export const VERDICTS = ["accepted", "refused", "badly said", "untyped", "died", "hang", "memory"];

export function isFailure({ verdict }) {
  return verdict !== "accepted" && verdict !== "refused";
}

/** The longest message of an error, in characters: a terminal of 24 lines holds it. */
const LONGEST_MESSAGE = 1200;
/** How a command was called: the command line says what to do. */
const USAGE_CODES = new Set(["bad_options", "needs_untie", "unknown_method"]);
/** What no text that is shown may hold: control and format characters, lone surrogates, line and paragraph separators. */
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** What came of one mutant: `work` gives the texts that a user would be shown, or throws. */
export async function verdictOf(work) {
  let shown;
  try {
    shown = await work();
  } catch (error) {
    return ofError(error);
  }
  const unsafe = shown.find((text) => UNSAFE.test(text));
  if (unsafe !== undefined) return { verdict: "badly said", detail: `a note holds ${inOneLine(unsafe)}` };
  return { verdict: "accepted" };
}

/** A refusal has a code, a message that can be shown, and says what to do. */
export function ofError(error) {
  if (error?.name !== "RevocabError") {
    const where = /\n\s+at (?:.*\()?(?:file:\/\/)?.*?((?:packages|tools|node_modules)\/[^)\n]*)/.exec(
      error?.stack ?? "",
    );
    return { verdict: "untyped", detail: inOneLine(`${error}`), where: where?.[1] };
  }
  const { code, message, hint } = error;
  const complaint =
    message.length > LONGEST_MESSAGE
      ? `${message.length} characters`
      : UNSAFE.test(message) || UNSAFE.test(hint ?? "")
        ? "unsafe characters"
        : hint === undefined && !USAGE_CODES.has(code)
          ? "no hint"
          : undefined;
  if (complaint === undefined) return { verdict: "refused", code, detail: inOneLine(message) };
  const where = /\n\s+at (?:.*\()?(?:file:\/\/)?.*?(packages\/[^)\n]*)/.exec(error.stack ?? "");
  return { verdict: "badly said", detail: `${complaint}: ${code} ${inOneLine(message)}`, where: where?.[1] };
}

function inOneLine(text) {
  return JSON.stringify(text.slice(0, 300)).slice(1, -1);
}
