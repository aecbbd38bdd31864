// The part of https://webassembly.github.io/spec/js-api/ that is used here: TypeScript declares it with the DOM only.
declare namespace WebAssembly {
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }
  class Global {
    private constructor();
    readonly value: unknown;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(
      module: Module,
      imports: Readonly<Record<string, Readonly<Record<string, (...args: never[]) => number>>>>,
    );
    readonly exports: unknown;
  }
  function validate(bytes: Uint8Array): boolean;
}
