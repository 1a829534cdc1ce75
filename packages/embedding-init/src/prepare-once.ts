import type { InitContext, MixtureMethod, PreparedMixture, PreparedRows, RowMethod } from "@revocab/core";

/**
 * Prepares a method once per context, however many tables are planned with it: preparing may mean training or reading the
 * whole matrix, and what it returns is pure. A preparation that failed is not kept.
 */
export function prepareOnce(method: MixtureMethod, context: InitContext): Promise<PreparedMixture>;
export function prepareOnce(method: RowMethod, context: InitContext): Promise<PreparedRows>;
export function prepareOnce(
  method: MixtureMethod | RowMethod,
  context: InitContext,
): Promise<PreparedMixture | PreparedRows> {
  const known = preparedIn.get(context) ?? new Map<object, Promise<PreparedMixture | PreparedRows>>();
  preparedIn.set(context, known);
  const prepared = known.get(method) ?? method.prepare(context);
  known.set(method, prepared);
  prepared.catch(() => known.delete(method));
  return prepared;
}

const preparedIn = new WeakMap<InitContext, Map<object, Promise<PreparedMixture | PreparedRows>>>();
