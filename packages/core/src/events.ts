/** What a long operation reports while it works; a closed union, so that a renderer can be complete. */
export type ProgressEvent =
  | { readonly type: "step"; readonly step: string }
  | {
      readonly type: "progress";
      readonly step: string;
      readonly done: number;
      readonly total: number;
      readonly unit: "bytes" | "rows" | "tokens";
    }
  | {
      readonly type: "note";
      readonly step: string;
      readonly message: string;
      /** True for figures of a method's numerics: shown while it works, and kept in no plan. @default false */
      readonly isDetail?: boolean;
    };

export type ProgressListener = (event: ProgressEvent) => void;
