import { DATE_PART_ARGUMENT, PLAIN_IDENTIFIER, RESERVED_KEYWORDS, SPECIAL_CALLS } from "../keywords.ts";
import type { Argument, Identifier, PathExpression } from "../tree.ts";

/** Reads the date part among the arguments of DATE_TRUNC and its like: `MONTH` is no column there, nor `WEEK(MONDAY)` a call. */
export function withDatePart(name: readonly Identifier[], list: readonly Argument[]): readonly Argument[] {
  const [first, second] = name;
  const isSafe = name.length === 2 && first?.name.toUpperCase() === "SAFE";
  const called = name.length === 1 ? first : isSafe ? second : undefined;
  const position = DATE_PART_ARGUMENT.get(called?.name.toUpperCase() ?? "");
  if (position === undefined) return list;
  return list.map((argument, index) => (index === position ? toDatePart(argument) : argument));
}

function toDatePart(argument: Argument): Argument {
  const { start, end } = argument;
  if (argument.kind === "PathExpression") {
    const part = singleName(argument);
    return part === null ? argument : { kind: "DatePart", name: part, weekday: null, start, end };
  }
  if (argument.kind === "FunctionCall" && argument.name.length === 1 && argument.arguments.length === 1) {
    const [name] = argument.name;
    const [day] = argument.arguments;
    const weekday = day?.kind === "PathExpression" ? singleName(day) : null;
    const rows = argument.input !== null || argument.having !== null;
    const plain = !rows && !argument.distinct && argument.nulls === null && argument.limit === null;
    if (
      name?.name.toUpperCase() === "WEEK" &&
      weekday !== null &&
      plain &&
      argument.orderBy.length === 0 &&
      argument.over === null
    ) {
      return { kind: "DatePart", name: "WEEK", weekday, start, end };
    }
  }
  return argument;
}

function singleName({ parts }: PathExpression): string | null {
  const [name] = parts;
  return parts.length === 1 && name !== undefined && isPlainName(name.name) ? name.name.toUpperCase() : null;
}

export function isPlainName(name: string): boolean {
  const upper = name.toUpperCase();
  return PLAIN_IDENTIFIER.test(name) && !RESERVED_KEYWORDS.has(upper) && !SPECIAL_CALLS.has(upper);
}
