import type { GraphBuilder, Value } from "@revocab/onnx";
import type { LayerDescription } from "../description.ts";
import type { GraphWeights } from "../weights.ts";
import type { BodyInputs } from "./ports.ts";

/** Numbers of each position that go from part to part, [N × columns] each: `hidden` and what a part adds to it. */
export type States = Readonly<Record<string, Value>>;
/** Columns of each. */
export type StateWidths = Readonly<Record<string, number>>;

/**
 * A piece of a transformer's body that needs none of the others' weights. The parts of a body in their order are the whole body;
 * between two of them there is nothing but the states of the positions.
 */
export interface Part {
  /** For progress: `layer 3 of 32`. */
  readonly name: string;
  readonly takes: StateWidths;
  readonly gives: StateWidths;
  /** The layer whose attention is in it, if any: the only place where positions see each other. */
  readonly attends?: LayerDescription;
  /** Of the positions, those that pass through its matrices. @default 1, all */
  readonly share?: number;
  /** @param layer the number under which `inputs` know its keys and values */
  add(graph: GraphBuilder, weights: GraphWeights, states: States, inputs: BodyInputs, layer: number): States;
}
