/** One statement, of whatever kind, ready to run. */
import { WarehouseError } from "../errors.ts";
import { readDdl } from "../sql/ddl.ts";
import { readDml } from "../sql/dml.ts";
import type { Token } from "../sql/lexer.ts";
import { isSymbol, isWord, nameText, syntaxError } from "../sql/tokens.ts";
import { prepareDdl } from "./ddl.ts";
import { prepareDml } from "./dml.ts";
import { prepareResult } from "./query.ts";
import type { Session } from "./session.ts";
import type { Prepared } from "./statement.ts";

/** `text`: what the tokens were read from. Throws `invalidQuery` for what this stand-in doesn't run. */
export async function prepare(session: Session, tokens: readonly Token[], text: string): Promise<Prepared> {
  const [first] = tokens;
  if (isSymbol(first, "(") || isWord(first, "SELECT", "WITH", "FROM")) return prepareResult(session, tokens);
  const dml = readDml(tokens);
  if (dml) return prepareDml(session, dml);
  const ddl = readDdl(tokens);
  if (ddl) return prepareDdl(session, ddl, text);
  if (first?.kind !== "word") throw syntaxError(first);
  throw new WarehouseError(
    "invalidQuery",
    `Statement is not supported by this warehouse: ${nameText(first)?.toUpperCase()}`,
  );
}
