/** The part of the WebAssembly interface used here: neither ES2023 nor Node 20's declarations have it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: unknown };
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => WasmMemory;
}

/** Compiled code, free of any memory. */
export interface WasmModule {
  readonly [compiled]: never;
}
declare const compiled: unique symbol;

export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages; buffers taken before keep their length. @throws RangeError when there is no room */
  grow(pages: number): number;
}

export const {
  /** Compiles the bytes of a WebAssembly module. */
  Module,
  /** A compiled module with the memory that it works on. */
  Instance,
  /** Memory that modules on several threads share. */
  Memory,
} = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
