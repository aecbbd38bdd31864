/** A call of a SQL routine, written out: its body with the arguments in their places. */
import { WarehouseError } from "../errors.ts";
import { isObject, type Json, type JsonObject } from "../rest/json.ts";
import { type Token, tokenize } from "./lexer.ts";
import { coerced, withArguments } from "./names.ts";
import type { Routine } from "./routine.ts";
import { commaJoined, isWord, parenthesised, quoted, sql } from "./tokens.ts";
import { as, nameOf } from "./tree.ts";

const HOLE = "bq_argument_";

/** The tokens of a scalar function's value, with holes for the arguments. */
export function scalarBody(routine: Routine, count: number, constant: boolean): Token[] {
  const holes = holesOf(routine, count);
  const body = tokenize(routine.body);
  const type = routine.returnType;
  const hasQuery = body.some((token) => isWord(token, "SELECT", "FROM"));
  if (!hasQuery || constant || holes.size === 0) return coerced(parenthesised(withArguments(body, holes)), type);
  // The arguments' columns mustn't meet the columns of the body's queries.
  const own = [...holes].map(([name, value], i) => ({ name, value, column: quoted(`_argument_${i}`) }));
  const columns = own.map(({ value, column }) => [...value, ...sql("AS"), column]);
  return coerced(
    parenthesised([
      ...sql("SELECT"),
      ...withArguments(body, new Map(own.map(({ name, column }) => [name, [column]]))),
      ...sql("FROM (SELECT"),
      ...commaJoined(columns),
      ...sql(") AS"),
      quoted("_arguments"),
    ]),
    type,
  );
}

/** The query of a table function, with holes for the arguments. */
export function tableBody(routine: Routine, count: number): Token[] {
  return withArguments(tokenize(routine.body), holesOf(routine, count));
}

function holesOf(routine: Routine, count: number): Map<string, Token[]> {
  if (routine.arguments.length !== count) {
    throw new WarehouseError(
      "invalidQuery",
      `No matching signature for function ${routine.reference.routineId}: it takes ${routine.arguments.length} arguments`,
    );
  }
  return new Map(
    routine.arguments.map((argument, i) => [
      argument.name.toLowerCase(),
      coerced([quoted(`${HOLE}${i}`)], argument.type),
    ]),
  );
}

/** A copy of the tree with the holes filled. */
export function fillHoles(value: Json | undefined, args: readonly Json[]): Json {
  if (Array.isArray(value)) return value.map((item) => fillHoles(item, args));
  if (!isObject(value)) return value ?? null;
  const column = as(value, "column");
  const name = column && nameOf(column.name);
  if (name?.startsWith(HOLE) && !isObject(column?.table)) {
    return { paren: { this: args[Number(name.slice(HOLE.length))] ?? null, trailing_comments: [] } };
  }
  const out: JsonObject = {};
  for (const [key, member] of Object.entries(value)) out[key] = fillHoles(member, args);
  return out;
}

/** Whether an argument names no column. */
export function isConstant(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.every(isConstant);
  if (!isObject(value)) return true;
  return !("column" in value) && !("select" in value) && Object.values(value).every(isConstant);
}
