import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../packages/gateway/src/catalog/catalog.ts";
import { loadCatalogFile } from "../../packages/gateway/src/catalog/catalog-file.ts";
import { TableCache } from "../../packages/gateway/src/catalog/table-cache.ts";
import { decide } from "../../packages/gateway/src/policy/decide.ts";
import type { OutputMask } from "../../packages/gateway/src/policy/decision.ts";
import { loadPolicies } from "../../packages/gateway/src/policy/policy-set.ts";
import { analyze, type TableResource } from "../../packages/googlesql/src/index.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");

/** Queries of docs/policies.md: what to look at, the agent's groups, its purpose, the SQL. */
const QUERIES: readonly (readonly [string, string, string | undefined, string])[] = [
  ["a copy", "care-agents", undefined, "SELECT full_name FROM patients"],
  ["two obligations", "care-agents", "treatment", "SELECT full_name, ssn FROM patients"],
  ["no purpose", "care-agents", undefined, "SELECT ssn FROM patients"],
  ["the strictest of two", "care-agents, trainee-agents", undefined, "SELECT full_name FROM patients"],
  ["nothing said", "care-agents", undefined, "SELECT birth_date FROM patients"],
  ["changed, source in full", "care-agents", undefined, "SELECT UPPER(full_name) AS n FROM patients"],
  ["changed, source in part", "care-agents", "treatment", "SELECT REVERSE(ssn) AS s FROM patients"],
  ["one value of two columns", "care-agents", "treatment", "SELECT COALESCE(ssn, full_name) AS x FROM patients"],
  ["a guess beside a value", "care-agents", "treatment", "SELECT COALESCE(ssn, '123-45-6789') AS s FROM patients"],
  ["a count", "care-agents", undefined, "SELECT department, COUNT(*) AS n FROM visits GROUP BY department"],
  ["a lifted count", "care-agents", undefined, "SELECT COUNT(*) + 1000 AS n FROM visits"],
  [
    "a join by key",
    "care-agents",
    undefined,
    "SELECT p.full_name, v.department FROM patients p JOIN visits v USING (patient_id)",
  ],
  ["a filter by identifier", "care-agents", "treatment", "SELECT COUNT(*) AS n FROM patients WHERE ssn < '5'"],
  ["unclassified in a PHI dataset", "care-agents", undefined, "SELECT admitted FROM visits"],
];

/** The queries as a table: what policy says of each, by the code that decides. */
export async function policyExamples(): Promise<readonly (readonly string[])[]> {
  const resources = JSON.parse(readFileSync(join(EXAMPLES, "analyze/tables.json"), "utf8")) as TableResource[];
  const tables = new Map(resources.map((table) => [`clinic.ehr.${table.tableReference.tableId}`, table]));
  const file = loadCatalogFile(join(EXAMPLES, "policies/catalog.yaml"));
  const nothingElse = {
    getRoutine: async () => undefined,
    getModel: async () => undefined,
    listTables: async () => undefined,
  };
  const source = { getTable: async (name: string) => tables.get(name), getDataset: async () => ({}), ...nothingElse };
  const bounds = { entries: 10, bytes: 1_000_000, ttlMs: 0, absentTtlMs: 0, now: () => 0 };
  const catalog = await new Catalog(new TableCache(source, bounds), file).load([...tables.keys()]);
  const policies = loadPolicies(join(EXAMPLES, "policies/policies"), file.classes.keys());
  return QUERIES.map(([about, groups, purpose, sql]) => {
    const { plan } = analyze(sql, {
      catalog,
      defaultProject: "clinic",
      defaultDataset: { project: "clinic", dataset: "ehr" },
    });
    if (!plan.understood) throw new Error(`${sql}: ${plan.refusal.message}`);
    const issuer = "https://login.example.com";
    const decision = decide(policies, {
      principal: {
        kind: "agent",
        issuer,
        subject: "agent",
        name: "agent",
        groups: groups.split(", "),
        sponsor: { issuer, subject: "sponsor" },
        tokenId: "",
        tokenExpires: 0,
      },
      plan,
      classes: (column) => catalog.classes(column),
      catalogVersion: catalog.version,
      context: { purpose, connection: "main", now: 0 },
      protections: { approval: true, masking: true },
      defaults: { approvers: ["privacy-officers"] },
    });
    const asked = [about, `\`${sql}\``, purpose ?? "–"];
    if (decision.effect === "deny") {
      const denied = decision.uses.find(({ effect }) => effect === "deny");
      return [...asked, `denied: ${denied?.action} of \`${denied?.path}\``, "–"];
    }
    const { approval, masks, limitRows } = decision.obligations;
    const who = approval === undefined ? "nobody" : `${approval.count} of ${approval.approvers.join(", ")}`;
    return [...asked, masks.map(shown).join(", "), `${who}${limitRows === undefined ? "" : `; ${limitRows} rows`}`];
  });
}

function shown({ name, mask }: OutputMask): string {
  return `${name}: ${mask.rule}${mask.domain === undefined ? "" : `:${mask.domain}`}`;
}
