/** Compiles only where both types are the same one, readonly and optional properties included. */
export function same<Found, Expected>(..._: Same<Found, Expected>): void {}

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [{ found: A; expected: B }];
