/** How the server misbehaves for a request. */
export type Fault =
  /** Answers with a status instead of doing the work, and says `error` about it. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly error?: string;
    }
  /** Closes the connection after so many bytes of the body; 0 before any answer. */
  | { readonly kind: "cut"; readonly after: number }
  /** Sends so many bytes fewer than the range that was asked for, as a whole answer. */
  | { readonly kind: "shorten"; readonly by: number }
  /** Answers a range with the whole file. */
  | { readonly kind: "ignore-range" }
  /** Names another version of the file. */
  | { readonly kind: "etag"; readonly etag: string }
  /** Changes a byte of the body. */
  | { readonly kind: "corrupt" }
  /** Does the work, then fails to say so. */
  | { readonly kind: "lose-answer"; readonly status?: number }
  /** Waits before the work. */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Never answers. */
  | { readonly kind: "silent" }
  /** Sends the body a byte at a time, so many milliseconds apart. */
  | { readonly kind: "trickle"; readonly milliseconds: number }
  /** Answers with a body of so many zeros, compressed to a thousandth. */
  | { readonly kind: "bomb"; readonly bytes: number; readonly status?: number }
  /** Answers with this instead of doing the work. */
  | {
      readonly kind: "answer";
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
    }
  /** Does the work, and changes the JSON it answers. */
  | { readonly kind: "mutate"; readonly change: (body: string) => string }
  /** Does the work, and adds headers to its answer. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string>> }
  /** Says that the listing goes on there, whatever there is. */
  | { readonly kind: "next-page"; readonly href: string }
  /** Says `error` of the first `count` files that are to be copied, and copies the others. */
  | { readonly kind: "refuse-copy"; readonly error: string; readonly count: number }
  /** Says that all files were copied, and leaves out the last. */
  | { readonly kind: "lose-copy" }
  /** Copies another content under the hash of the first file. */
  | { readonly kind: "other-copy"; readonly content: Uint8Array }
  /** Sends uploads there. */
  | { readonly kind: "upload-to"; readonly href: string };

/** Which requests a fault is for. */
export interface FaultRule {
  /** @default every method */
  readonly method?: string;
  /** Tested against the path with its query. */
  readonly path: RegExp;
  /** @default 1 */
  readonly times?: number;
  readonly fault: Fault;
}

/** The rules in force; each is used up after its number of times. */
export interface Faults {
  add(rule: FaultRule): void;
  take(method: string, path: string): Fault | undefined;
  /** Forgets all rules. */
  clear(): void;
}

export function faults(): Faults {
  const rules: { rule: FaultRule; left: number }[] = [];
  return {
    add(rule) {
      rules.push({ rule, left: rule.times ?? 1 });
    },
    clear() {
      rules.length = 0;
    },
    take(method, path) {
      const found = rules.find(
        ({ rule, left }) =>
          left > 0 && (rule.method === undefined || rule.method === method) && rule.path.test(path),
      );
      if (found === undefined) return undefined;
      found.left--;
      return found.rule.fault;
    },
  };
}
