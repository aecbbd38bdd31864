/**
 * Statements are kept apart from others that change what they were judged by. A table remade between the dry run and the end of the
 * job could give another's rows, or columns without a class, to what is written (threat-model C4); a view or routine remade, or a
 * table more that matches a wildcard, could give a result what no mask of its plan knows (threat-model rows 10 and 32).
 */
import type { PlanStatement } from "@chaperone/googlesql";
import { CommandError, type StoreTransaction } from "../store/command.ts";

export interface TableUse {
  /** A table, view, routine or model by its full name; with a star at its end all whose names begin so. */
  readonly name: string;
  readonly how: "reads" | "writes";
}

/** What a session that is about to run uses. */
export interface UsesInput {
  readonly uses: readonly TableUse[];
  /** When its assessment began: what was written since may not be what was judged. */
  readonly assessedAt: number;
  /** How long its job may run at most, in milliseconds. */
  readonly forMs: number;
}

/**
 * Of statements that only read, the views, routines, models and wildcards: by the time of a page they could be again what they were when the
 * query was judged. Tables are judged anew at each page, and keep the classes of all that was written into them.
 */
export function tableUses(statements: readonly PlanStatement[]): readonly TableUse[] {
  const known = usesOnce.get(statements);
  if (known !== undefined) return known;
  const uses = usesOf(statements);
  usesOnce.set(statements, uses);
  return uses;
}

/** A plan's statements are the same objects for many sessions, and never change. */
const usesOnce = new WeakMap<readonly PlanStatement[], readonly TableUse[]>();

function usesOf(statements: readonly PlanStatement[]): readonly TableUse[] {
  const writes = statements.flatMap((s) => [
    ...s.writes.map(({ table }) => table),
    ...(s.changes ?? []).map(({ name }) => name),
  ]);
  const tables = writes.length === 0 ? [] : statements.flatMap((s) => s.reads.map(({ table }) => table));
  const models = statements.flatMap((s) =>
    s.reads.flatMap(({ table, outside }) => (outside === "model" ? [table] : [])),
  );
  const reads = [
    ...tables,
    ...models,
    ...statements.flatMap((s) => [...s.views, ...s.routines, ...(s.wildcards ?? [])]),
  ];
  const uses = (names: readonly string[], how: TableUse["how"]) => [...new Set(names)].map((name) => ({ name, how }));
  return [...uses(writes, "writes"), ...uses(reads, "reads")];
}

/** Ended uses are of no interest for longer than an assessment takes. */
const KEPT_MS = 24 * 3600 * 1000;
/** Names asked for in one statement. */
const AT_ONCE = 500;

/**
 * Takes the names for the session, in the transaction that starts it.
 * @throws CommandError `busy` where another session writes one of them, has written it since the assessment, or reads what this
 * one writes
 */
export async function takeUses(tx: StoreTransaction, session: string, input: UsesInput): Promise<void> {
  const { uses, assessedAt, forMs } = input;
  if (uses.length === 0) return;
  const { connection } = await tx.db
    .selectFrom("sessions")
    .select("connection")
    .where("id", "=", session)
    .executeTakeFirstOrThrow();
  const own = new Map<string, TableUse["how"]>();
  for (const { name, how } of uses) if (own.get(name) !== "writes") own.set(name, how);
  for (const other of await usesBeside(tx, session, connection, [...own.keys()], Math.min(assessedAt, tx.now))) {
    for (const [name, how] of own) {
      // Two that read don't disturb each other; what isn't read any more disturbs nobody.
      const apart = other.how === "reads" && (how === "reads" || other.until <= tx.now);
      if (!apart && meet(name, other.name))
        throw new CommandError("busy", `another query uses ${other.name} in a way that this one can't stand beside`);
    }
  }
  await tx.db
    .deleteFrom("table_uses")
    .where("until", "<", tx.now - KEPT_MS)
    .execute();
  for (const { name, how } of uses) {
    const use = { connection, name, session, how, until: tx.now + forMs };
    await tx.db
      .insertInto("table_uses")
      .values(use)
      .onConflict((conflict) =>
        conflict.columns(["connection", "name", "session", "how"]).doUpdateSet({ until: use.until }),
      )
      .execute();
  }
}

/** What others have used since `after` of these names, or by a name with a star on either side. */
async function usesBeside(
  tx: StoreTransaction,
  session: string,
  connection: string,
  names: readonly string[],
  after: number,
): Promise<readonly (TableUse & { readonly until: number })[]> {
  const others = tx.db
    .selectFrom("table_uses")
    .select(["name", "how", "until"])
    .where("connection", "=", connection)
    .where("session", "!=", session)
    .where("until", ">", after);
  const found = await others.where("name", "like", "%*").execute();
  for (const name of names) {
    if (!name.endsWith("*")) continue;
    const begin = name.slice(0, -1);
    // No name holds a character behind this one.
    found.push(...(await others.where("name", ">=", begin).where("name", "<", `${begin}\u{10ffff}`).execute()));
  }
  for (let start = 0; start < names.length; start += AT_ONCE)
    found.push(...(await others.where("name", "in", names.slice(start, start + AT_ONCE)).execute()));
  return found;
}

/** Whether there can be something that both names name. */
function meet(a: string, b: string): boolean {
  const [begin, other] = [a, b].map((name) => (name.endsWith("*") ? name.slice(0, -1) : name));
  if (begin === undefined || other === undefined) return false;
  return a === b || (a.endsWith("*") && b.startsWith(begin)) || (b.endsWith("*") && a.startsWith(other));
}

/**
 * The session's job is over upstream. What it read is free; what it wrote is remembered for who was judged before. One whose end
 * isn't known keeps its names until its time is up.
 */
export async function endUses(tx: StoreTransaction, session: string): Promise<void> {
  await tx.db.deleteFrom("table_uses").where("session", "=", session).where("how", "=", "reads").execute();
  await tx.db
    .updateTable("table_uses")
    .set({ until: tx.now })
    .where("session", "=", session)
    .where("until", ">", tx.now)
    .execute();
}
