import data from "./architectures.json" with { type: "json" };

/** Tensor names by slot, the preferred name first; `*` stands for one part of a name. */
export type Layout = Readonly<Record<string, readonly string[]>>;

/** What has to be known about a `model_type` beyond what its files say. */
export interface Architecture {
  /** The layouts of this type; where none of them fits (older and converted files), any of `otherLayouts` may. */
  readonly layouts: readonly Layout[];
  readonly otherLayouts: readonly Layout[];
  /** The library's default of `tie_word_embeddings`, in force where a config does not say; undefined: not known. */
  readonly tied: boolean | undefined;
  /** A stored head that differs from the input embeddings counts, whatever the config says of tying (T5). */
  readonly tiedByContent: boolean;
  /** Why models of this type cannot be given another vocabulary. */
  readonly unsupported: string | undefined;
  /** Why a tied model of this type cannot be untied by adding a head. */
  readonly untieForbidden: string | undefined;
}

interface ArchitectureEntry {
  readonly layout: string;
  readonly tied: boolean;
  readonly tiedByContent?: boolean;
  readonly unsupported?: string;
  readonly untieForbidden?: string;
}

// the compiler gives each entry the keys of all the others, undefined
const layouts = data.layouts as Readonly<Record<string, readonly unknown[]>> as Readonly<
  Record<string, readonly Layout[]>
>;
const modelTypes: Readonly<Record<string, ArchitectureEntry>> = data.modelTypes;

/** An unknown `model_type` may have any layout: the names in the files decide. */
export function architectureOf(modelType: string): Architecture {
  const entry = Object.hasOwn(modelTypes, modelType) ? modelTypes[modelType] : undefined;
  return {
    layouts: entry === undefined ? [] : layouts[entry.layout]!,
    otherLayouts: Object.values(layouts).flat(),
    tiedByContent: entry?.tiedByContent ?? false,
    tied: entry?.tied,
    unsupported: entry?.unsupported,
    untieForbidden: entry?.untieForbidden,
  };
}
