import type {
  DenseDescription,
  ExpertsDescription,
  LinearDescription,
  RouterDescription,
} from "../description.ts";
import { type FeedForwardShape, type GatedNames, gatedLayer, linear } from "./blocks.ts";
import type { FamilyContext } from "./family.ts";
import { badConfig, type ConfigPlace } from "./read-config.ts";

/** How many experts there are, and what each is. */
export interface ExpertsShape extends FeedForwardShape {
  readonly experts: number;
  /** Experts of a position. */
  readonly chosen: number;
}

/** What of a router differs from family to family. */
export type RouterDifferences = Omit<RouterDescription, "linear" | "chosen">;

/** What of a mixture differs from family to family. */
export interface ExpertsDifferences {
  readonly router: RouterDifferences;
  /** Of the matrices of an expert. @default `gate_proj`, `up_proj` and `down_proj` */
  readonly names?: GatedNames;
  readonly shared?: ExpertsDescription["shared"];
}

/**
 * A mixture of gated experts: each stored by itself, as checkpoints are published (`experts.3.gate_proj.weight`), or all in one tensor
 * with gate above up, as the library holds them (`experts.gate_up_proj`, [experts × 2 · inner × d]).
 */
export function routedExperts(
  { hasTensor }: FamilyContext,
  name: string,
  shape: ExpertsShape,
  { router, names, shared }: ExpertsDifferences,
): ExpertsDescription {
  const isStacked = hasTensor(`${name}.experts.gate_up_proj`);
  return {
    kind: "experts",
    router: {
      linear: linear(`${name}.gate`, [shape.width, shape.experts], false),
      chosen: shape.chosen,
      ...router,
    },
    experts: Array.from({ length: shape.experts }, (_, i) =>
      isStacked
        ? stackedExpert([`${name}.experts.gate_up_proj`, `${name}.experts.down_proj`], shape, i)
        : gatedLayer(`${name}.experts.${i}`, shape, names),
    ),
    ...(shared && { shared }),
  };
}

/**
 * Number `index` of experts that are stored in two tensors, gate with up and down, each a matrix of every expert one after another;
 * their biases under the same names with `_bias`.
 */
export function stackedExpert(
  [gateUp, down]: readonly [string, string],
  { width, inner, activation, hasBias = false, experts: count }: ExpertsShape,
  index: number,
  order: LinearDescription["order"] = "outputs-first",
): Extract<DenseDescription, { kind: "gated-fused" }> {
  const sliced = (weight: string, inputs: number, outputs: number): LinearDescription => ({
    weight,
    ...(hasBias && { bias: `${weight}_bias` }),
    inputs,
    outputs,
    order,
    slice: { index, count },
  });
  return {
    kind: "gated-fused",
    gateUp: sliced(gateUp, width, 2 * inner),
    down: sliced(down, inner, width),
    activation,
  };
}

/** Experts of all layers; some ten times those of any model, so that a damaged config does not ask for memory without end. */
const MOST_EXPERTS = 2 ** 17;

/** @throws RevocabError `bad_config` when a position would pass through more experts than there are, or there are far too many */
export function checkExperts(
  place: ConfigPlace,
  { num_hidden_layers: layers }: { readonly num_hidden_layers: number },
  { experts, chosen }: { readonly experts: number; readonly chosen: number },
  key = "num_experts_per_tok",
): void {
  if (chosen > experts) throw badConfig(place, key, chosen, `expected at most the ${experts} experts`);
  if (experts * layers <= MOST_EXPERTS) return;
  const expected = `expected at most ${MOST_EXPERTS} experts in all, there would be ${experts} in each layer`;
  throw badConfig(place, "num_hidden_layers", layers, expected);
}
