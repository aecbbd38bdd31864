/** By what each kind of statement is judged, of plans made by hand: one that lacks what it is judged by is refused (I1). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Change, Effect, PlanStatement, StatementKind, UnderstoodPlan } from "@chaperone/googlesql";
import { effectUses, refusedEffects } from "./effects.ts";
import { changeUses, ruleOf, unsupported } from "./statements.ts";
import { lostClasses, travelling, writtenColumns } from "./writes.ts";

const statementOf = (kind: StatementKind, more: Partial<PlanStatement> = {}): PlanStatement => {
  return { kind, reads: [], views: [], routines: [], outputs: [], writes: [], effects: [], ...more };
};
const planOf = (type: StatementKind | "SCRIPT", ...statements: readonly PlanStatement[]): UnderstoodPlan => {
  return { understood: true, statementType: type, statements, result: [], canonicalSql: "" } as UnderstoodPlan;
};
const change = (what: Change["what"], mode: Change["mode"] = "create"): Change => ({ what, mode, name: "p.d.x" });
const names = (list: string) => list.trim().split(/\s+/) as StatementKind[];

const NAMING = names(`
  CREATE_FUNCTION CREATE_TABLE_FUNCTION CREATE_PROCEDURE CREATE_MODEL DROP_FUNCTION DROP_TABLE_FUNCTION DROP_PROCEDURE DROP_MODEL
  CREATE_SCHEMA ALTER_SCHEMA DROP_SCHEMA UNDROP_SCHEMA CREATE_ROW_ACCESS_POLICY DROP_ROW_ACCESS_POLICY DROP_ALL_ROW_ACCESS_POLICIES
  GRANT REVOKE CREATE_CAPACITY ALTER_CAPACITY DROP_CAPACITY CREATE_RESERVATION ALTER_RESERVATION DROP_RESERVATION CREATE_ASSIGNMENT
  DROP_ASSIGNMENT
`);

describe("a statement", () => {
  for (const kind of NAMING)
    it(`${kind} is refused where it names nothing to ask about`, () => {
      assert.deepEqual(unsupported(planOf(kind, statementOf(kind))), [`statement ${kind}`]);
      assert.deepEqual(unsupported(planOf(kind, statementOf(kind, { changes: [change("routine")] }))), []);
    });

  it("is judged by what it reads and writes alone where it names nothing else", () => {
    const kinds = names(`
      SELECT ASSERT BEGIN_TRANSACTION COMMIT_TRANSACTION ROLLBACK_TRANSACTION CALL INSERT UPDATE DELETE MERGE TRUNCATE_TABLE
      CREATE_TABLE CREATE_TABLE_AS_SELECT CREATE_SNAPSHOT_TABLE CREATE_VIEW CREATE_MATERIALIZED_VIEW ALTER_TABLE ALTER_VIEW
      ALTER_MATERIALIZED_VIEW DROP_TABLE DROP_EXTERNAL_TABLE DROP_SNAPSHOT_TABLE DROP_VIEW DROP_MATERIALIZED_VIEW
      CREATE_SEARCH_INDEX CREATE_VECTOR_INDEX DROP_SEARCH_INDEX DROP_VECTOR_INDEX
    `);
    assert.deepEqual(
      kinds.filter((kind) => unsupported(planOf("SCRIPT", statementOf(kind))).length > 0),
      [],
    );
  });

  it("that isn't known is refused, also one called as what every object has", () => {
    for (const kind of ["RAISE_TAXES", "toString", "constructor"] as unknown[] as StatementKind[]) {
      assert.equal(ruleOf(kind), undefined);
      assert.deepEqual(unsupported(planOf(kind, statementOf(kind, { changes: [change("access")] }))), [
        `statement ${kind}`,
      ]);
    }
  });

  it("that loads needs load of each table that it fills, and stands alone", () => {
    const write = { table: "p.d.t", mode: "append", columns: [], implicit: [] } as const;
    for (const kind of names("LOAD_DATA CREATE_EXTERNAL_TABLE")) {
      const loading = statementOf(kind, { writes: [write] });
      assert.deepEqual(changeUses(loading), [{ table: "p.d.t", path: "*", action: "load", via: "append" }]);
      assert.deepEqual(unsupported(planOf(kind, loading)), []);
      assert.deepEqual(unsupported(planOf("SCRIPT", statementOf("SELECT"), loading)), [
        `statement ${kind} in a script; send it alone`,
      ]);
    }
    assert.deepEqual(changeUses(statementOf("INSERT", { writes: [write] })), []);
  });

  it("asks of what it changes what that is, and of routines and models what becomes of them", () => {
    const asked = (kind: StatementKind, what: Change["what"], mode: Change["mode"]) =>
      changeUses(statementOf(kind, { changes: [change(what, mode)] })).map(({ action, via }) => `${action} ${via}`);
    assert.deepEqual(asked("CREATE_FUNCTION", "routine", "create"), ["define create"]);
    assert.deepEqual(asked("DROP_PROCEDURE", "routine", "drop"), ["define drop"]);
    assert.deepEqual(asked("DROP_MODEL", "model", "drop"), ["define drop"]);
    assert.deepEqual(asked("EXPORT_MODEL", "model", "alter"), ["export alter"]);
    assert.deepEqual(asked("ALTER_TABLE", "labels", "alter"), ["administer labels"]);
    assert.deepEqual(asked("GRANT", "access", "create"), ["administer access"]);
    assert.deepEqual(asked("CREATE_SCHEMA", "dataset", "create"), ["administer dataset"]);
    assert.deepEqual(asked("CREATE_CAPACITY", "capacity", "create"), ["administer capacity"]);
  });

  it("means nothing alone where it is a transaction or a temporary table", () => {
    for (const kind of names("BEGIN_TRANSACTION COMMIT_TRANSACTION ROLLBACK_TRANSACTION CREATE_TABLE")) {
      assert.deepEqual(unsupported(planOf(kind, statementOf(kind))), [`statement ${kind} outside a script`]);
      assert.deepEqual(unsupported(planOf("SCRIPT", statementOf(kind))), []);
    }
    // A function defined for the one query, which makes no table; a table function, and a table that is written.
    assert.deepEqual(unsupported(planOf("SELECT", statementOf("SELECT"), statementOf("UPDATE"))), []);
    const made = statementOf("CREATE_TABLE_FUNCTION", { changes: [change("routine")] });
    assert.deepEqual(unsupported(planOf("CREATE_TABLE_FUNCTION", made)), []);
    assert.deepEqual(unsupported(planOf("SELECT", statementOf("SELECT"), statementOf("CREATE_TABLE"))), [
      "statement SELECT outside a script",
    ]);
  });
});

describe("an effect", () => {
  const doing = (kind: StatementKind, effect: Effect, more: Partial<PlanStatement> = {}) =>
    statementOf(kind, { effects: [effect], ...more });
  it("that takes nothing named out is refused, but for a model's export, which is named", () => {
    const effect: Effect = { kind: "export", sources: [] };
    assert.deepEqual(refusedEffects(doing("EXPORT_DATA", effect)), ["effect export"]);
    assert.deepEqual(refusedEffects(doing("EXPORT_MODEL", effect)), ["effect export"]);
    assert.deepEqual(refusedEffects(doing("SELECT", effect, { changes: [change("model")] })), ["effect export"]);
    assert.deepEqual(refusedEffects(doing("EXPORT_MODEL", effect, { changes: [change("model")] })), []);
  });
  it("of a function far away that the same statement defines is refused", () => {
    for (const kind of ["remote_function", "python"] as const) {
      const effect: Effect = { kind, sources: [], through: "p.d.x" };
      assert.deepEqual(refusedEffects(doing("CREATE_FUNCTION", effect, { changes: [change("routine")] })), [
        `effect ${kind}`,
      ]);
      const other = { ...change("routine"), name: "p.d.other" };
      assert.deepEqual(refusedEffects(doing("CREATE_FUNCTION", effect, { changes: [other] })), []);
      assert.deepEqual(
        effectUses(doing("SELECT", effect)).map(({ table, action }) => `${action} ${table}`),
        ["reach p.d.x"],
      );
    }
  });
});

describe("what is written", () => {
  const classes = (column: string) => {
    const source = column.startsWith("p.declared.") ? ("catalog-file" as const) : undefined;
    return { column, classes: column.startsWith("p.ehr.") ? ["phi"] : [], source };
  };
  const written = (columns: readonly { readonly from?: string; readonly by?: string }[]) => {
    const list = columns.map(({ from, by }, i) => ({
      name: `c${i}`,
      explicit: from === undefined ? [] : [{ column: from, via: "copy" as const }],
      implicit: by === undefined ? [] : [by],
    }));
    const write = { table: "p.declared.t", mode: "append", columns: list, implicit: [] } as const;
    return writtenColumns(planOf("INSERT", statementOf("INSERT", { writes: [write] })), classes);
  };
  const ofRows = (columns: Parameters<typeof written>[0]) => written(columns)[0]?.classes;

  it("makes rows protected where any value, or what decided over one, is", () => {
    assert.deepEqual(ofRows([{ from: "p.ops.a" }]), []);
    assert.deepEqual(ofRows([{ from: "p.ops.a" }, { from: "p.ehr.a" }]), ["phi"]);
    assert.deepEqual(ofRows([{ from: "p.ops.a", by: "p.ehr.b" }]), ["phi"]);
  });
  it("is refused of a column that was declared of other classes, and not of rows", () => {
    assert.equal(lostClasses(written([{ from: "p.ehr.a" }]), classes).length, 1);
    assert.deepEqual(lostClasses(written([{ from: "p.ops.a", by: "p.ehr.b" }]), classes), []);
  });
  it("takes the classes of all that is written into a column", () => {
    const column = { table: "p.d.t", path: "a", mode: "append" } as const;
    const both = [
      { ...column, classes: ["phi.ssn"] },
      { ...column, path: "A", classes: ["phi.name"] },
    ];
    assert.deepEqual(
      travelling(both).map(({ classes }) => classes),
      [["phi.name", "phi.ssn"]],
    );
  });
});
