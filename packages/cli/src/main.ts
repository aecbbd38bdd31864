import { enableCompileCache } from "node:module";
import { compiledCode } from "./compiled-code.ts";

// Node keeps the stripped types and the compiled code, so that the next start is quick. NODE_COMPILE_CACHE and
// NODE_DISABLE_COMPILE_CACHE go before; where nothing can be written, nothing is kept.
enableCompileCache(compiledCode(process.env));

const { run } = await import("./program.ts");
process.exitCode = await run(process.argv.slice(2));
