import { createLogger } from "@chaperone/gateway";

/**
 * What nobody caught ends the process, as it must; but Node would print the error's message, which can quote what the
 * gateway was working on. Only kind and place are told (I5).
 */
export function endOnCrash(): void {
  const log = createLogger({ level: "fatal" });
  process.on("uncaughtException", (error: unknown) => {
    log.fatal({ err: error }, "an error that nobody caught; the process ends");
    process.exit(1);
  });
}
