import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli-error.ts";
import type { Demo } from "../demo/environment.ts";
import { asCliError } from "./load-error.ts";
import { untilStopped } from "./until-stopped.ts";

interface Options {
  readonly once?: boolean;
  readonly port: number;
  readonly state: string;
  readonly patients: number;
}

/** Among fewer the tour doesn't find the rows that it tells of. */
const LEAST_PATIENTS = 50;
/** Exit status after Ctrl-C, as shells know it: 128 + SIGINT. */
const INTERRUPTED = 130;

/** `chaperone demo`: everything embedded on loopback, the tour, then open for use. */
export function demoCommand(): Command {
  return new Command("demo")
    .description("start everything on this machine with made-up patients, and play the tour")
    .option("--once", "end after the tour: status 0 if all was as told")
    .option(
      "--port <port>",
      "the gateway's port; the next four are taken as well (0: any free ports)",
      whole(0, 65_531),
      8080,
    )
    .option("--state <folder>", "where sessions, ledger and keys are kept", ".chaperone/demo")
    .option("--patients <n>", "how many synthetic patients", whole(LEAST_PATIENTS, 10_000_000), 10_000)
    .action(async (options: Options) => {
      const write = (text: string) => void process.stdout.write(text);
      const state = resolve(options.state);
      const began = performance.now();
      const { endOnCrash } = await import("./end-on-crash.ts");
      endOnCrash();
      const stopped = untilStopped();
      // Until all has started there is nothing to end in order: what is on disk survives any end.
      let started = false;
      void stopped.then(() => {
        if (started) return;
        write("\nStopped before it was ready.\n");
        process.exit(INTERRUPTED);
      });
      write("Chaperone: a tour on this machine, with made-up patients.\n");
      // Loaded here, so that no other command pays for the demo's database and identity provider.
      const { startDemo } = await import("../demo/environment.ts");
      const { nextSteps } = await import("../demo/next-steps.ts");
      const { playTour, TourFailure } = await import("../demo/tour.ts");
      let demo: Demo;
      try {
        demo = await startDemo({ port: options.port, state, patients: options.patients }, (what) =>
          write(`  starting the ${what} …\n`),
        );
      } catch (error) {
        throw asCliError(error);
      }
      started = true;
      const tour = new AbortController();
      try {
        const before = await demo.gateway.store.db.selectFrom("sessions").select("id").limit(1).execute();
        if (before.length > 0) write(`  the state of an earlier run is in ${options.state}; it goes on there\n`);
        const ended = await Promise.race([
          playTour({ demo, state, write, signal: tour.signal }).then(() => "played" as const),
          stopped.then(() => "stopped" as const),
        ]);
        if (ended === "stopped") {
          write("\nStopping the tour.\n");
          tour.abort();
          await demo.close();
          // The tour waits for agents that are gone.
          process.exit(INTERRUPTED);
        }
        write(`\nAll of it was as told, in ${Math.round((performance.now() - began) / 1000)} s.\n`);
        if (options.once === true) return;
        write(await nextSteps(demo, options.state));
        await stopped;
        write("\nStopping.\n");
      } catch (error) {
        if (error instanceof TourFailure) throw new CliError(error.message);
        throw error;
      } finally {
        await demo.close();
      }
    });
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < least || n > most)
      throw new InvalidArgumentError(`a whole number from ${least} to ${most}`);
    return n;
  };
}
