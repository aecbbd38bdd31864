/**
 * Pipe syntax as nested SELECTs, on tokens: `FROM t |> WHERE c |> SELECT x` is `SELECT x FROM t WHERE c`.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax
 *
 * An operator that makes new rows closes what came before into a subquery. An alias that is used later goes on as a
 * hidden STRUCT column `_row_alias`, because it still means the row it named.
 */
import { WarehouseError } from "../errors.ts";
import { rangesOf } from "./from-ranges.ts";
import type { Token } from "./lexer.ts";
import { withoutHidden, withRanges } from "./pipe-aliases.ts";
import {
  Cursor,
  closingOf,
  commaJoined,
  isSymbol,
  isWord,
  nameText,
  parenthesised,
  quoted,
  splitAt,
  splitCommas,
  sql,
  syntaxError,
} from "./tokens.ts";

/** The tokens with every pipe query in them, at any depth, as a SELECT. */
export function rewritePipes(tokens: readonly Token[]): Token[] {
  return rewriteAll(tokens, { next: 0 });
}

interface Counter {
  next: number;
}

function rewriteAll(tokens: readonly Token[], counter: Counter): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    if (!isSymbol(token, "(", "[")) {
      out.push(token);
      continue;
    }
    const end = closingOf(tokens, i);
    const last = tokens[end - 1];
    out.push(token, ...rewriteAll(tokens.slice(i + 1, end - 1), counter), ...(last === undefined ? [] : [last]));
    i = end - 1;
  }
  return rewriteLevel(out, counter);
}

function rewriteLevel(tokens: readonly Token[], counter: Counter): Token[] {
  const start = isWord(tokens[0], "WITH") ? withClauseEnd(tokens) : 0;
  const [base = [], ...operators] = splitAt(tokens.slice(start), (token) => isSymbol(token, "|>"));
  const fromFirst = isWord(base[0], "FROM");
  if (operators.length === 0 && !fromFirst) return [...tokens];
  const pipe = new Pipe(counter);
  if (fromFirst) pipe.from(base.slice(1));
  else pipe.query(base);
  for (const [i, operator] of operators.entries()) pipe.apply(operator, operators.slice(i + 1));
  return [...tokens.slice(0, start), ...pipe.finish()];
}

/** Where the query after `WITH [RECURSIVE] a AS (…), …` begins. */
function withClauseEnd(tokens: readonly Token[]): number {
  const cursor = new Cursor(tokens);
  cursor.expect("WITH");
  cursor.accept("RECURSIVE");
  do {
    if (nameText(cursor.peek()) === undefined || !isWord(cursor.peek(1), "AS") || !isSymbol(cursor.peek(2), "("))
      return 0;
    cursor.at += 2;
    cursor.group();
  } while (cursor.acceptSymbol(","));
  return cursor.at;
}

class Pipe {
  readonly #counter: Counter;
  /** What stands after FROM. */
  #from: readonly Token[] = [];
  #where: (readonly Token[])[] = [];
  #order: readonly Token[] = [];
  /** Aliases of #from itself. */
  #ranges: readonly string[] = [];
  /** Aliases from before a subquery, and the hidden columns they are now. */
  #hidden: ReadonlyMap<string, string> = new Map();
  /** The query so far, while no operator has added to it. */
  #complete: readonly Token[] | undefined;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  from(tokens: readonly Token[]): void {
    if (tokens.length === 0) throw syntaxError(undefined);
    this.#from = tokens;
    this.#ranges = rangesOf(tokens);
  }

  query(tokens: readonly Token[]): void {
    if (tokens.length === 0) throw syntaxError(undefined);
    this.#close(tokens, undefined);
  }

  finish(): Token[] {
    return [...(this.#complete ?? this.#select(this.#visibleStar()))];
  }

  apply(operator: readonly Token[], later: readonly (readonly Token[])[]): void {
    const cursor = new Cursor(withRanges(operator, this.#hidden));
    const word = cursor.peek()?.kind === "word" ? (nameText(cursor.peek()) ?? "").toUpperCase() : "";
    if (["INNER", "LEFT", "RIGHT", "FULL", "CROSS", "JOIN"].includes(word)) {
      const setOperation = cursor.tokens.slice(0, 4).some((t) => isWord(t, "UNION", "INTERSECT", "EXCEPT"));
      if (setOperation) this.#setOperation(cursor);
      else this.#join(cursor, later);
      return;
    }
    cursor.at += 1;
    switch (word) {
      case "WHERE":
        this.#where = [...this.#where, cursor.rest()];
        this.#complete = undefined;
        return;
      case "SELECT":
        this.#close(this.#select(this.#items(cursor.rest())), undefined);
        return;
      case "EXTEND":
      case "WINDOW":
        this.#extend(cursor.rest(), later);
        return;
      case "SET":
        this.#change([...sql("* REPLACE"), ...parenthesised(assignments(cursor.rest()))], later);
        return;
      case "DROP":
        this.#change([...sql("* EXCEPT"), ...parenthesised(commaJoined(splitCommas(cursor.rest())))], later);
        return;
      case "RENAME":
        this.#change([...sql("* RENAME"), ...parenthesised(renames(cursor.rest()))], later);
        return;
      case "AS":
        this.#close(this.#select(this.#visibleStar()), cursor.name());
        return;
      case "AGGREGATE":
        this.#aggregate(cursor);
        return;
      case "DISTINCT":
        this.#order = [];
        this.#close(this.#select([...sql("DISTINCT"), ...this.#visibleStar()]), undefined);
        return;
      case "ORDER":
        cursor.expect("BY");
        this.#order = commaJoined(splitCommas(cursor.rest()));
        this.#complete = undefined;
        return;
      case "LIMIT":
        this.#keep([...sql("LIMIT"), ...cursor.rest()], later);
        return;
      case "UNION":
      case "INTERSECT":
      case "EXCEPT":
        cursor.at -= 1;
        this.#setOperation(cursor);
        return;
      case "TABLESAMPLE":
        // A small table is one block, and a sample of it the whole.
        return;
      case "PIVOT":
      case "UNPIVOT":
        this.#pivot([...sql(word), ...cursor.rest()]);
        return;
      default:
        if (word === "") throw syntaxError(operator[0]);
        throw new WarehouseError("invalidQuery", `Pipe operator is not supported by this warehouse: ${word}`);
    }
  }

  /** `SELECT items FROM … WHERE … ORDER BY …` of what has gathered. */
  #select(items: readonly Token[]): Token[] {
    const where = this.#where.flatMap((condition, i) => [
      ...sql(i === 0 ? "WHERE" : "AND"),
      ...parenthesised(condition),
    ]);
    const order = this.#order.length === 0 ? [] : [...sql("ORDER BY"), ...this.#order];
    return [...sql("SELECT"), ...items, ...sql("FROM"), ...this.#from, ...where, ...order];
  }

  /** Everything so far becomes one item of FROM; without an alias, only its columns have names. */
  #close(query: readonly Token[], alias: string | undefined, hidden: ReadonlyMap<string, string> = new Map()): void {
    this.#counter.next += 1;
    const name = alias ?? `_pipe${this.#counter.next}`;
    this.#from = [...parenthesised(query), ...sql("AS"), quoted(name)];
    this.#ranges = alias === undefined ? [] : [alias];
    this.#where = [];
    this.#order = [];
    this.#hidden = hidden;
    this.#complete = hidden.size === 0 ? query : undefined;
  }

  /** Closes with other columns; aliases used later still mean their rows. */
  #change(items: readonly Token[], later: readonly (readonly Token[])[], end: readonly Token[] = []): void {
    const names = new Set(later.flat().map((token) => nameText(token)?.toLowerCase()));
    const hidden = new Map(this.#hidden);
    const rows: Token[] = [];
    for (const range of this.#ranges) {
      if (!names.has(range.toLowerCase())) continue;
      const column = `_row_${range}`;
      hidden.set(range.toLowerCase(), column);
      rows.push(...sql(","), quoted(range), ...sql("AS"), quoted(column));
    }
    this.#close([...this.#select([...items, ...rows]), ...end], undefined, hidden);
  }

  /** Closes with the same columns, so that a single alias can go on naming them. */
  #keep(end: readonly Token[], later: readonly (readonly Token[])[]): void {
    const [range, ...others] = this.#ranges;
    if (range !== undefined && others.length === 0 && this.#hidden.size === 0) {
      this.#close([...this.#select(sql("*")), ...end], range);
    } else this.#change(sql("*"), later, end);
  }

  #visibleStar(): Token[] {
    return withoutHidden(sql("*"), this.#hidden);
  }

  #items(tokens: readonly Token[]): Token[] {
    return commaJoined(splitCommas(tokens).map((item) => withoutHidden(item, this.#hidden)));
  }

  #extend(tokens: readonly Token[], later: readonly (readonly Token[])[]): void {
    this.#change([...sql("*,"), ...this.#items(tokens)], later);
  }

  #join(cursor: Cursor, later: readonly (readonly Token[])[]): void {
    if (this.#where.length > 0 || this.#order.length > 0) this.#keep([], later);
    this.#complete = undefined;
    const join = cursor.rest();
    const item = join.slice(join.findIndex((token) => isWord(token, "JOIN")) + 1);
    this.#from = [...this.#from, ...join];
    this.#ranges = [...this.#ranges, ...rangesOf(item)];
  }

  /** `UNION ALL (q1), (q2)`, each with what came before. */
  #setOperation(cursor: Cursor): void {
    const operation = cursor.until((c) => isSymbol(c.peek(), "("));
    const left = parenthesised(this.#select(this.#visibleStar()));
    const operands = splitCommas(cursor.rest()).flatMap((operand) => [...operation, ...operand]);
    if (operands.length === 0) throw syntaxError(undefined);
    this.#close([...left, ...operands], undefined);
  }

  #pivot(clause: readonly Token[]): void {
    this.#close(this.#select(this.#visibleStar()), undefined);
    this.#from = [...this.#from.slice(0, -2), ...clause];
    this.#complete = undefined;
  }

  /** `AGGREGATE a, … [GROUP [AND ORDER] BY k, …]`: the keys come first. */
  #aggregate(cursor: Cursor): void {
    const aggregates = splitCommas(cursor.until((c) => c.sees("GROUP"))).map(ordered);
    let keys: Ordered[] = [];
    let orderKeys = false;
    if (cursor.accept("GROUP")) {
      orderKeys = cursor.accept("AND", "ORDER");
      cursor.expect("BY");
      keys = splitCommas(cursor.rest()).map(ordered);
    }
    const positions = keys.map((_, i) => sql(String(i + 1)));
    const items = [...keys, ...aggregates];
    const order = items.flatMap((item, i) =>
      item.direction.length > 0 || (orderKeys && i < keys.length) ? [[...sql(String(i + 1)), ...item.direction]] : [],
    );
    this.#order = [];
    const query = [
      ...this.#select(commaJoined(items.map((item) => item.item))),
      ...(keys.length === 0 ? [] : [...sql("GROUP BY"), ...commaJoined(positions)]),
      ...(order.length === 0 ? [] : [...sql("ORDER BY"), ...commaJoined(order)]),
    ];
    if (items.length === 0) throw syntaxError(undefined);
    this.#close(query, undefined);
  }
}

interface Ordered {
  readonly item: readonly Token[];
  /** `DESC NULLS LAST`, in parts or whole. */
  readonly direction: readonly Token[];
}

function ordered(tokens: readonly Token[]): Ordered {
  let end = tokens.length;
  if (isWord(tokens[end - 2], "NULLS") && isWord(tokens[end - 1], "FIRST", "LAST")) end -= 2;
  if (isWord(tokens[end - 1], "ASC", "DESC")) end -= 1;
  return { item: tokens.slice(0, end), direction: tokens.slice(end) };
}

/** `SET a = x, b = y` as `x AS a, y AS b`. */
function assignments(tokens: readonly Token[]): Token[] {
  return commaJoined(
    splitCommas(tokens).map((piece) => {
      const cursor = new Cursor(piece);
      const name = cursor.name();
      cursor.expectSymbol("=");
      return [...cursor.rest(), ...sql("AS"), quoted(name)];
    }),
  );
}

/** `RENAME a AS b, c d`. */
function renames(tokens: readonly Token[]): Token[] {
  return commaJoined(
    splitCommas(tokens).map((piece) => {
      const cursor = new Cursor(piece);
      const from = cursor.name();
      cursor.accept("AS");
      return [quoted(from), ...sql("AS"), quoted(cursor.name())];
    }),
  );
}
