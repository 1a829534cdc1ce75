import { type Job, quiet, RevocabError, type StoredMatrix, type TokenId } from "@revocab/core";
import type { Body } from "./body.ts";
import type { BodyRequest } from "./read-queries.ts";

/** What the encoder of an encoder–decoder model reads. */
export interface Source {
  /** [V × d_in] the rows that tokens are read with. */
  readonly input: StoredMatrix;
  /** @default a source without text */
  readonly source?: Uint32Array;
}

/** The sources of an encoder–decoder model as its decoder looks at them. */
export interface Sources {
  /**
   * The encoder's last states, [S × d_enc] for each source. Those that are not known yet go through the encoder together, and are
   * kept; the encoder's weights are not.
   * @throws RevocabError `bad_options` for a source without tokens; `context_too_long`; as `Transformer.read` does
   */
  statesOf(sources: readonly Source[], job: Job | undefined): Promise<readonly Float32Array[]>;
}

/** @param encoder whose weights need not stay in memory */
export function openSources(encoder: Body, emptySource: readonly TokenId[]): Sources {
  const known = new WeakMap<StoredMatrix, Map<string, Float32Array>>();

  function knownOf(input: StoredMatrix): Map<string, Float32Array> {
    const states = known.get(input) ?? new Map<string, Float32Array>();
    known.set(input, states);
    return states;
  }

  function requestOf({ input, tokens }: AskedSource): BodyRequest {
    return {
      input,
      queries: [{ tokens, positions: Uint32Array.from(tokens.keys()) }],
      async onStates(states) {
        for await (const block of states.blocks()) knownOf(input).set(tokens.join(), block.states.slice());
      },
    };
  }

  return {
    async statesOf(sources, job) {
      const asked = sources.map(({ input, source }) => ({
        input,
        tokens: source ?? Uint32Array.from(emptySource),
      }));
      if (asked.some(({ tokens }) => tokens.length === 0)) throw noTokens();
      const isKnown = ({ input, tokens }: AskedSource) => knownOf(input).has(tokens.join());
      const isSame = (one: AskedSource, other: AskedSource) =>
        one.input === other.input && one.tokens.join() === other.tokens.join();
      const missing = asked.filter(
        (one, i) => !isKnown(one) && asked.findIndex((other) => isSame(one, other)) === i,
      );
      if (missing.length > 0) {
        job?.onProgress?.({ type: "step", step: "read the source" });
        await encoder.read(missing.map(requestOf), quiet(job));
        await encoder.release();
      }
      return asked.map(({ input, tokens }) => knownOf(input).get(tokens.join()) as Float32Array);
    },
  };
}

interface AskedSource {
  readonly input: StoredMatrix;
  readonly tokens: Uint32Array;
}

function noTokens(): RevocabError {
  return new RevocabError("bad_options", "the source that the encoder is to read has no tokens", {
    hint: "give a `source` with some text",
  });
}
