import { type InitMethod, RevocabError } from "@revocab/core";
import type { MethodEntry } from "@revocab/embedding-init";

type Catalog = Readonly<Record<string, MethodEntry>>;

/** Every method by its name on the command line, in the order in which they are listed. */
export async function catalog(): Promise<Catalog> {
  const { hypernetworkEntry } = await import("@revocab/hypernetwork");
  return { ...(await quickCatalog()), hypernetwork: hypernetworkEntry };
}

/**
 * The method of `name` or `name:key=value`, as `compare` prints it. The package that runs hypernetworks takes 0.2 s to load: it is loaded for a name that no other method has.
 * @param options those of `--with`
 * @throws RevocabError `unknown_method`; `bad_options`, also for an option that is given in both ways
 */
export async function methodOf(
  text: string,
  options: Readonly<Record<string, string>> = {},
): Promise<InitMethod> {
  const { kebabCase, methodNamed, parseMethodText } = await import("@revocab/embedding-init");
  const { name, options: own } = parseMethodText(text);
  const twice = Object.keys(own).find((key) => Object.keys(options).map(kebabCase).includes(kebabCase(key)));
  if (twice !== undefined) {
    throw new RevocabError("bad_options", `${twice} of ${name} was given twice, as ${text} and with --with`, {
      hint: "give each option of a method once",
    });
  }
  const quick = await quickCatalog();
  return methodNamed(name, { ...own, ...options }, Object.hasOwn(quick, name) ? quick : await catalog());
}

/** The name of the method that is used where none is named. */
export async function defaultMethodFor(given: { readonly text?: string }): Promise<string> {
  const { defaultMethod } = await import("@revocab/embedding-init");
  return defaultMethod(await quickCatalog(), given);
}

/** Every method but `hypernetwork`, which is slow to load. */
export async function quickCatalog(): Promise<Catalog> {
  const [{ METHODS }, { chainRuleEntry }, { cw2vEntry }, { DONOR_METHODS }] = await Promise.all([
    import("@revocab/embedding-init"),
    import("@revocab/chain-rule"),
    import("@revocab/cw2v"),
    import("@revocab/donor"),
  ]);
  const { focus, wechsel, ofa, "trans-tokenization": parallel, "domain-types": typed, ...first } = METHODS;
  return {
    ...first,
    "chain-rule": chainRuleEntry,
    ...DONOR_METHODS,
    ...{ focus, wechsel, ofa },
    cw2v: cw2vEntry,
    "trans-tokenization": parallel,
    "domain-types": typed,
  };
}
