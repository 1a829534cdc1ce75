import type { InitMethod } from "@revocab/core";
import type { MethodEntry } from "@revocab/embedding-init";

type Catalog = Readonly<Record<string, MethodEntry>>;

/** Every method by its name on the command line, in the order in which they are listed. */
export async function catalog(): Promise<Catalog> {
  const { hypernetworkEntry } = await import("@revocab/hypernetwork");
  return { ...(await quickCatalog()), hypernetwork: hypernetworkEntry };
}

/** The method of a name. The package that runs hypernetworks takes 0.2 s to load: it is loaded for a name that no other method has. */
export async function methodOf(
  name: string,
  options: Readonly<Record<string, string>> = {},
): Promise<InitMethod> {
  const { methodNamed } = await import("@revocab/embedding-init");
  const quick = await quickCatalog();
  return methodNamed(name, options, Object.hasOwn(quick, name) ? quick : await catalog());
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
