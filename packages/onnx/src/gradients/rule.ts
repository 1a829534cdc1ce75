import type { QueryBlocks } from "../attention-blocks.ts";
import type { GraphBuilder, GraphNode, Value } from "../graph.ts";
import type { Shape } from "../infer-shapes.ts";

/** What a rule may ask while it adds the gradient of one operator to the graph. */
export interface RuleContext {
  readonly graph: GraphBuilder;
  /** How queries of attention are taken. */
  readonly queryBlocks: QueryBlocks;
  /** Whether the gradient by input `i` of the operator is asked for. */
  needs(i: number): boolean;
  /** @throws RangeError where nothing is known of it before the graph runs */
  shapeOf(value: string): Shape;
  /** The sizes of a value when the graph runs, as a target of Reshape. */
  sizesOf(value: string): Value;
  /** Whether a value is of truths, not of numbers; in f16, not in f32. */
  isOfTruths(value: string): boolean;
  isHalf(value: string): boolean;
  /** The integers of a constant. @throws RangeError where it is none */
  integersOf(value: string): readonly number[];
}

/**
 * The gradient by each input of an operator, of a sum that depends on its outputs.
 * @param gradients by each output; undefined where nothing depends on it
 * @returns by each input, undefined where it was not asked for
 */
export type GradientRule = (
  node: GraphNode,
  gradients: readonly (Value | undefined)[],
  context: RuleContext,
) => readonly (Value | undefined)[];
