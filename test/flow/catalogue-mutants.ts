/**
 * The catalogue's lines, each weakened: a value that only decides or isn't told, a condition that is a value, another `via`; each place of
 * a function said never to fail; and each function said to give what is shorter. Made where a call looks its function up (switch.ts), so
 * that they cost no loading.
 */
import { everyFunction } from "../../packages/googlesql/src/functions/catalogue.ts";
import { mayFail } from "../../packages/googlesql/src/functions/failure.ts";
import { isLengtheningKnown, lengtheningOf } from "../../packages/googlesql/src/functions/lengthening.ts";
import { argumentsIn } from "./catalogue-lines.ts";
import type { Equivalent } from "./sweep.ts";

export interface CatalogueMutant {
  /** What a call asks, so that the tests that reach it are known: `entry SUBSTR`, `fails SUBSTR`, `fails SUBSTR 1`, `long UPPER short`. */
  readonly reach: string;
  /** By which it is turned on: `entry SUBSTR 0 1 ~` (overload, argument, mark) or `entry SUBSTR via aggregate`. */
  readonly on: string;
}

const OTHER_MARKS: Readonly<Record<string, readonly string[]>> = {
  "": ["~"],
  "!": ["", "~"],
  "=": ["", "~"],
  ">": ["", "~"],
  "~": [""],
};

/** Parts of a date, modes of normalization, and which model of Google's is asked for what, which a literal says (resolver/model-call.ts). */
const NO_COLUMN = /^(PART|MODE|endpoint=>|request_type=>|task_type=>|output_schema=>)/;

/** That these fail by a place is said elsewhere too. */
const ALSO_SAID: ReadonlyMap<string, string> = new Map([
  ...["ARRAY_FIRST_N", "ARRAY_LAST_N", "ARRAY_SLICE"].map(
    (name) =>
      [`fails ${name}`, "what isn't plain marks the array, and with it all that decides what is given"] as const,
  ),
  ...["LPAD 1", "RPAD 1", "REPEAT 1", "REGEXP_REPLACE 2", "FORMAT 0"].map(
    (place) => [`fails ${place}`, "what isn't a literal may make the text too long (resolver/growth.ts)"] as const,
  ),
]);

export const CATALOGUE_EQUIVALENTS: readonly Equivalent[] = [...ALSO_SAID].map(([what, why]) => {
  return { part: "functions", what, why };
});

export function catalogueMutants(): CatalogueMutant[] {
  return everyFunction().flatMap(({ name, kind, via, written }) => {
    const reach = `entry ${name}`;
    // What no rows are brought together in is no statistic, whatever its entry says; ARRAY_LENGTH is computed, whatever its entry says.
    const vias = (kind === "scalar" ? ["copy", "transform"] : ["copy", "transform", "aggregate"]).filter(
      (other) => other !== via && name !== "ARRAY_LENGTH",
    );
    // What takes no column has no way that it could be said to take.
    const takes = written.some((line) => !line.startsWith("()"));
    const marks = written.flatMap((line, overload) =>
      argumentsIn(line).flatMap((argument, place) => {
        if (NO_COLUMN.test(argument)) return [];
        const mark = /^[!~=>]/.exec(argument)?.[0] ?? "";
        return (OTHER_MARKS[mark] ?? []).map((other) => ({ reach, on: `${reach} ${overload} ${place} ${other}` }));
      }),
    );
    const failing = [...new Set(written.flatMap(placesIn))].filter((place) => mayFail(name, place, [], []));
    // What decides is a predicate anyhow: that it can fail is told by a handler, and only where nothing else in the call can.
    const given = failing.filter((place) => written.some((line) => !/^[!~=>]/.test(argumentsIn(line)[place] ?? "")));
    const fails = failing.length > 0 && given.length === 0 ? [`fails ${name}`] : given.map((i) => `fails ${name} ${i}`);
    return [
      ...(takes ? vias.map((other) => ({ reach, on: `${reach} via ${other}` })) : []),
      ...marks,
      ...fails.filter((on) => !ALSO_SAID.has(on)).map((on) => ({ reach: on, on })),
      ...shorter(name).map((on) => ({ reach: on, on })),
    ];
  });
}

/** What these give is a date, or two, which is short whatever is said of it. */
const DATES = /^RANGE_(START|END|INTERSECT)$/;

/** As if what it gives were short, or no longer than what it is given. */
function shorter(name: string): readonly string[] {
  const lengthening = lengtheningOf(name);
  if (!isLengtheningKnown(name) || lengthening === "short" || DATES.test(name)) return [];
  return lengthening === 1 || lengthening === "chosen"
    ? [`long ${name} short`]
    : [`long ${name} short`, `long ${name} 1`];
}

/** The places at which a call passes a value: -1 for one by name alone. */
function placesIn(line: string): readonly number[] {
  return argumentsIn(line).flatMap((argument, place) => {
    if (NO_COLUMN.test(argument)) return [];
    return [argument.includes("=>") ? -1 : place];
  });
}
