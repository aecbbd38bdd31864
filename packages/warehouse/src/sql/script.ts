/**
 * The procedural language, read on tokens: statements, and the blocks, branches and loops around them.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
 */
import { WarehouseError } from "../errors.ts";
import { readType } from "./data-type.ts";
import type { Token } from "./lexer.ts";
import { Cursor, isSymbol, isWord, nameText, splitCommas, syntaxError } from "./tokens.ts";
import type { Field } from "./types.ts";

export type Step =
  | { readonly kind: "statement"; readonly tokens: readonly Token[] }
  | {
      readonly kind: "declare";
      readonly names: readonly string[];
      readonly type: Field | undefined;
      readonly value: readonly Token[] | undefined;
    }
  | { readonly kind: "set"; readonly names: readonly string[]; readonly value: readonly Token[] }
  | { readonly kind: "if"; readonly branches: readonly Branch[]; readonly otherwise: readonly Step[] }
  | { readonly kind: "case"; readonly branches: readonly Branch[]; readonly otherwise: readonly Step[] | undefined }
  /** LOOP has neither condition, WHILE the one before, REPEAT the one after. */
  | {
      readonly kind: "loop";
      readonly label: string | undefined;
      readonly while: readonly Token[] | undefined;
      readonly until: readonly Token[] | undefined;
      readonly body: readonly Step[];
    }
  | {
      readonly kind: "for";
      readonly label: string | undefined;
      readonly variable: string;
      readonly query: readonly Token[];
      readonly body: readonly Step[];
    }
  | {
      readonly kind: "block";
      readonly label: string | undefined;
      readonly body: readonly Step[];
      readonly handler: readonly Step[] | undefined;
    }
  | { readonly kind: "break" | "continue"; readonly label: string | undefined }
  | { readonly kind: "return" | "begin" | "commit" | "rollback" }
  | { readonly kind: "raise"; readonly message: readonly Token[] | undefined }
  | { readonly kind: "assert"; readonly condition: readonly Token[]; readonly message: readonly Token[] | undefined }
  | {
      readonly kind: "execute";
      readonly text: readonly Token[];
      readonly into: readonly string[];
      readonly using: readonly { readonly value: readonly Token[]; readonly name: string | undefined }[];
    }
  | { readonly kind: "call"; readonly routine: readonly string[]; readonly args: readonly (readonly Token[])[] };

interface Branch {
  readonly condition: readonly Token[];
  readonly body: readonly Step[];
}

/** Reads a whole script. */
export function readScript(tokens: readonly Token[]): Step[] {
  const cursor = new Cursor(tokens);
  const steps = readSteps(cursor);
  if (!cursor.done) throw syntaxError(cursor.peek());
  return steps;
}

/** Whether BigQuery's statementType is SCRIPT: one statement isn't, nor temporary functions with a query at the end. */
export function isScript(steps: readonly Step[]): boolean {
  const [last] = steps.slice(-1);
  if (last === undefined || steps.some((step) => step.kind !== "statement")) return last !== undefined;
  if (steps.length === 1) return false;
  const isQuery =
    last.kind === "statement" && (isWord(last.tokens[0], "SELECT", "WITH", "FROM") || isSymbol(last.tokens[0], "("));
  return !isQuery || !steps.slice(0, -1).every((step) => step.kind === "statement" && makesFunction(step.tokens));
}

function makesFunction(tokens: readonly Token[]): boolean {
  const cursor = new Cursor(tokens);
  if (!cursor.accept("CREATE")) return false;
  cursor.accept("OR", "REPLACE");
  return (cursor.accept("TEMP") || cursor.accept("TEMPORARY")) && cursor.sees("FUNCTION");
}

/** Words that end a list of statements. */
const ENDS = ["END", "ELSE", "ELSEIF", "EXCEPTION", "UNTIL", "WHEN"];

function readSteps(cursor: Cursor): Step[] {
  const steps: Step[] = [];
  for (;;) {
    while (cursor.acceptSymbol(";"));
    if (cursor.done || isWord(cursor.peek(), ...ENDS)) return steps;
    steps.push(readStep(cursor));
    if (!cursor.done && !isSymbol(cursor.peek(), ";")) throw syntaxError(cursor.peek(), '";"');
  }
}

function readStep(cursor: Cursor): Step {
  const label = isSymbol(cursor.peek(1), ":") ? cursor.name() : undefined;
  if (label !== undefined) cursor.at += 1;
  const word = cursor.peek()?.kind === "word" ? (nameText(cursor.peek()) ?? "").toUpperCase() : "";
  switch (word) {
    case "DECLARE":
      return readDeclare(cursor);
    case "SET":
      return readSet(cursor);
    case "IF":
      return readIf(cursor);
    case "CASE":
      return readCase(cursor);
    case "LOOP":
    case "WHILE":
    case "REPEAT":
      return readLoop(cursor, label);
    case "FOR":
      return readFor(cursor, label);
    case "BEGIN":
      return readBegin(cursor, label);
    case "BREAK":
    case "LEAVE":
    case "CONTINUE":
    case "ITERATE": {
      cursor.at += 1;
      const target = isSymbol(cursor.peek(), ";") || cursor.done ? undefined : cursor.name();
      return { kind: word === "BREAK" || word === "LEAVE" ? "break" : "continue", label: target };
    }
    case "RETURN":
      cursor.at += 1;
      return { kind: "return" };
    case "COMMIT":
    case "ROLLBACK":
      cursor.at += 1;
      cursor.accept("TRANSACTION");
      return { kind: word === "COMMIT" ? "commit" : "rollback" };
    case "RAISE":
      cursor.at += 1;
      if (!cursor.accept("USING")) return { kind: "raise", message: undefined };
      cursor.expect("MESSAGE");
      cursor.expectSymbol("=");
      return { kind: "raise", message: upTo(cursor) };
    case "ASSERT": {
      cursor.at += 1;
      const condition = upTo(cursor, "AS");
      return { kind: "assert", condition, message: cursor.accept("AS") ? upTo(cursor) : undefined };
    }
    case "EXECUTE":
      return readExecute(cursor);
    case "CALL": {
      cursor.at += 1;
      return { kind: "call", routine: cursor.path(), args: splitCommas(cursor.group()) };
    }
    case "CREATE":
      return { kind: "statement", tokens: readCreate(cursor) };
    default:
      return { kind: "statement", tokens: upTo(cursor) };
  }
}

/** Everything up to `;` or one of the words, outside of brackets and CASE expressions. */
function upTo(cursor: Cursor, ...words: readonly string[]): Token[] {
  let cases = 0;
  const tokens = cursor.until((c) => {
    if (isSymbol(c.peek(), ";")) return true;
    if (cases === 0 && isWord(c.peek(), ...words)) return true;
    if (isWord(c.peek(), "CASE")) cases += 1;
    if (isWord(c.peek(), "END")) cases -= 1;
    return false;
  });
  if (tokens.length === 0) throw syntaxError(cursor.peek());
  return tokens;
}

function readDeclare(cursor: Cursor): Step {
  cursor.expect("DECLARE");
  const names = [cursor.name()];
  while (cursor.acceptSymbol(",")) names.push(cursor.name());
  const type = cursor.sees("DEFAULT") ? undefined : readType(cursor, names[0] ?? "");
  const value = cursor.accept("DEFAULT") ? upTo(cursor) : undefined;
  return { kind: "declare", names, type, value };
}

function readSet(cursor: Cursor): Step {
  cursor.expect("SET");
  if (isSymbol(cursor.peek(), "@@"))
    throw new WarehouseError("invalidQuery", "SET of a system variable is not supported by this warehouse");
  const names = isSymbol(cursor.peek(), "(")
    ? splitCommas(cursor.group()).map((piece) => new Cursor(piece).name())
    : [cursor.name()];
  cursor.expectSymbol("=");
  return { kind: "set", names, value: upTo(cursor) };
}

function readIf(cursor: Cursor): Step {
  cursor.expect("IF");
  const branches: Branch[] = [];
  do {
    const condition = upTo(cursor, "THEN");
    cursor.expect("THEN");
    branches.push({ condition, body: readSteps(cursor) });
  } while (cursor.accept("ELSEIF"));
  const otherwise = cursor.accept("ELSE") ? readSteps(cursor) : [];
  cursor.expect("END", "IF");
  return { kind: "if", branches, otherwise };
}

/** `CASE [x] WHEN a THEN … END CASE`: with `x`, each condition is `x = a`. */
function readCase(cursor: Cursor): Step {
  cursor.expect("CASE");
  const subject = cursor.sees("WHEN") ? [] : upTo(cursor, "WHEN");
  const branches: Branch[] = [];
  while (cursor.accept("WHEN")) {
    const value = upTo(cursor, "THEN");
    cursor.expect("THEN");
    const symbol = (text: string): Token => ({ kind: "symbol", text, at: -1, end: -1 });
    const equal = [symbol("("), ...subject, symbol(")"), symbol("="), symbol("("), ...value, symbol(")")];
    branches.push({ condition: subject.length === 0 ? value : equal, body: readSteps(cursor) });
  }
  const otherwise = cursor.accept("ELSE") ? readSteps(cursor) : undefined;
  cursor.expect("END", "CASE");
  return { kind: "case", branches, otherwise };
}

function endLabel(cursor: Cursor): void {
  if (!cursor.done && nameText(cursor.peek()) !== undefined) cursor.at += 1;
}

function readLoop(cursor: Cursor, label: string | undefined): Step {
  const word = cursor.name().toUpperCase();
  const condition = word === "WHILE" ? upTo(cursor, "DO") : undefined;
  if (word === "WHILE") cursor.expect("DO");
  const body = readSteps(cursor);
  let until: Token[] | undefined;
  if (word === "REPEAT") {
    cursor.expect("UNTIL");
    until = upTo(cursor, "END");
  }
  cursor.expect("END", word);
  endLabel(cursor);
  return { kind: "loop", label, while: condition, until, body };
}

function readFor(cursor: Cursor, label: string | undefined): Step {
  cursor.expect("FOR");
  const variable = cursor.name();
  cursor.expect("IN");
  const query = cursor.group();
  cursor.expect("DO");
  const body = readSteps(cursor);
  cursor.expect("END", "FOR");
  endLabel(cursor);
  return { kind: "for", label, variable, query, body };
}

function readBegin(cursor: Cursor, label: string | undefined): Step {
  cursor.expect("BEGIN");
  if (cursor.accept("TRANSACTION") || cursor.done || isSymbol(cursor.peek(), ";")) return { kind: "begin" };
  return readBlock(cursor, label);
}

function readBlock(cursor: Cursor, label: string | undefined): Step {
  const body = readSteps(cursor);
  let handler: Step[] | undefined;
  if (cursor.accept("EXCEPTION", "WHEN", "ERROR", "THEN")) handler = readSteps(cursor);
  cursor.expect("END");
  endLabel(cursor);
  return { kind: "block", label, body, handler };
}

function readExecute(cursor: Cursor): Step {
  cursor.expect("EXECUTE", "IMMEDIATE");
  const text = upTo(cursor, "INTO", "USING");
  const into = cursor.accept("INTO") ? splitCommas(upTo(cursor, "USING")).map((p) => new Cursor(p).name()) : [];
  const using = cursor.accept("USING")
    ? splitCommas(upTo(cursor)).map((piece) => {
        const argument = new Cursor(piece);
        const value = argument.until((c) => c.sees("AS"));
        return { value, name: argument.accept("AS") ? argument.name() : undefined };
      })
    : [];
  return { kind: "execute", text, into, using };
}

/** A CREATE statement; a procedure's block is part of it. */
function readCreate(cursor: Cursor): Token[] {
  const start = cursor.at;
  const isProcedure = cursor.sees("CREATE", "PROCEDURE") || cursor.sees("CREATE", "OR", "REPLACE", "PROCEDURE");
  if (!isProcedure) return upTo(cursor);
  upTo(cursor, "BEGIN");
  cursor.expect("BEGIN");
  readBlock(cursor, undefined);
  return cursor.tokens.slice(start, cursor.at);
}
