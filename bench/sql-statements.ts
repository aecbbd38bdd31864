/** A made-up warehouse of 500 tables with 50 columns each, and statements of about 1 KB over it, as agents and dbt write them. */
import type { AnalyzeOptions, TableFieldSchema, TableResource } from "../packages/googlesql/src/index.ts";

const DATASETS = 10;
const TABLES = 500;
const COLUMNS = 50;
const PROJECT = "health-prod";
const TYPES = ["STRING", "INTEGER", "NUMERIC", "DATE", "TIMESTAMP"] as const;

const FIELDS: readonly TableFieldSchema[] = [
  { name: "id", type: "INTEGER" },
  { name: "patient_id", type: "INTEGER" },
  { name: "tags", type: "STRING", mode: "REPEATED" },
  {
    name: "items",
    type: "RECORD",
    mode: "REPEATED",
    fields: [
      { name: "code", type: "STRING" },
      { name: "amount", type: "NUMERIC" },
      { name: "at", type: "TIMESTAMP" },
    ],
  },
  ...Array.from({ length: COLUMNS - 4 }, (_, i) => ({ name: `c${i}`, type: TYPES[i % TYPES.length] ?? "STRING" })),
];

/** Columns `c…` of one type: of five, every fifth. */
function column(type: (typeof TYPES)[number], number: number): string {
  return `c${TYPES.indexOf(type) + 5 * (number % 9)}`;
}

const CATALOG = new Map(
  Array.from({ length: TABLES }, (_, i): [string, TableResource] => {
    const reference = { projectId: PROJECT, datasetId: `ds_${i % DATASETS}`, tableId: `table_${i}` };
    const name = `${reference.projectId}.${reference.datasetId}.${reference.tableId}`;
    return [name, { tableReference: reference, type: "TABLE", schema: { fields: [...FIELDS] } }];
  }),
);

export const OPTIONS: AnalyzeOptions = {
  catalog: { table: (name) => CATALOG.get(name) },
  defaultProject: PROJECT,
  defaultDataset: { project: PROJECT, dataset: "ds_0" },
};

/** Numbers that look like chance and are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

const table = (random: Random): string => {
  const i = random(TABLES);
  return `\`${PROJECT}.ds_${i % DATASETS}.table_${i}\``;
};

const SHAPES: readonly ((random: Random) => { readonly items: string[]; readonly rest: string[] })[] = [
  (random) => ({
    items: ["p.id", `p.${column("STRING", random(9))} AS name`, "e.id AS encounter", `e.${column("DATE", 1)}`],
    rest: [
      `FROM ${table(random)} AS p`,
      `JOIN ${table(random)} AS e ON p.id = e.patient_id`,
      `LEFT JOIN ${table(random)} AS l ON l.patient_id = p.id AND l.${column("DATE", 2)} >= DATE '2026-01-01'`,
      `WHERE p.${column("STRING", 3)} IN ('a', 'b', 'c') AND e.${column("INTEGER", 2)} BETWEEN 1 AND 100`,
      "ORDER BY p.id DESC LIMIT 100",
    ],
  }),
  (random) => ({
    items: [`p.${column("STRING", 4)} AS state`, "COUNT(*) AS n", `AVG(p.${column("NUMERIC", 1)}) AS mean`],
    rest: [
      `FROM ${table(random)} AS p CROSS JOIN UNNEST(p.items) AS i WITH OFFSET AS place`,
      `WHERE i.at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY) AND place < 10`,
      `GROUP BY p.${column("STRING", 4)} HAVING COUNT(*) > 10 ORDER BY n DESC`,
    ],
  }),
  (random) => ({
    items: ["r.id", "r.patient_id", `r.${column("STRING", 2)}`, "r.place"],
    rest: [
      `FROM (SELECT id, patient_id, ${column("STRING", 2)}, ${column("NUMERIC", 3)},`,
      `ROW_NUMBER() OVER (PARTITION BY patient_id ORDER BY ${column("TIMESTAMP", 1)} DESC) AS place,`,
      `LAG(${column("NUMERIC", 3)}) OVER (PARTITION BY patient_id ORDER BY ${column("TIMESTAMP", 1)}) AS before`,
      `FROM ${table(random)} WHERE ${column("DATE", 3)} >= '2025-07-01') AS r`,
      `WHERE r.place <= 3 AND r.before IS NOT NULL`,
    ],
  }),
  (random) => ({
    items: ["s.patient_id", `CASE WHEN s.total > 1000 THEN 'high' WHEN s.total > 100 THEN 'middle' ELSE 'low' END AS band`],
    rest: [
      `FROM (SELECT patient_id, SUM(${column("NUMERIC", 2)}) AS total, MAX(${column("DATE", 4)}) AS latest FROM ${table(random)} GROUP BY patient_id) AS s`,
      `WHERE EXISTS (SELECT 1 FROM ${table(random)} AS x WHERE x.patient_id = s.patient_id AND x.${column("STRING", 6)} LIKE 'E11%')`,
      `AND s.patient_id NOT IN (SELECT patient_id FROM ${table(random)} WHERE ${column("STRING", 1)} = 'deceased')`,
    ],
  }),
  (random) => ({
    items: [
      `(SELECT COUNT(*) FROM UNNEST(p.tags) AS tag WHERE tag LIKE 'risk-%') AS risks`,
      `ARRAY(SELECT i.code FROM UNNEST(p.items) AS i ORDER BY i.at LIMIT 5) AS codes`,
    ],
    rest: [
      `FROM ${table(random)} AS p`,
      `WHERE p.${column("INTEGER", 5)} = 1 UNION ALL SELECT 0, p.tags`,
      `FROM ${table(random)} AS p WHERE p.${column("INTEGER", 6)} = 2`,
    ],
  }),
  (random) => ({
    items: ["c.month", "COUNT(DISTINCT c.patient_id) AS patients", "SUM(c.amount) AS amount"],
    rest: [
      `FROM (SELECT DATE_TRUNC(${column("DATE", 1)}, MONTH) AS month, patient_id, COALESCE(${column("NUMERIC", 1)}, ${column("NUMERIC", 4)}, 0) AS amount FROM ${table(random)}`,
      `UNION ALL SELECT DATE_TRUNC(${column("DATE", 2)}, MONTH), patient_id, ${column("NUMERIC", 2)} FROM ${table(random)}) AS c`,
      "GROUP BY c.month ORDER BY c.month",
    ],
  }),
]; // biome-ignore format: a shape reads as its SQL

const EXPRESSIONS: readonly ((alias: string, i: number) => string)[] = [
  (a, i) => `${a}.${column("STRING", i)}`,
  (a, i) => `UPPER(TRIM(${a}.${column("STRING", i)})) AS u${i}`,
  (a, i) => `IF(${a}.${column("INTEGER", i)} > ${i}, ${a}.${column("NUMERIC", i)}, NULL) AS v${i}`,
  (a, i) => `CONCAT(SUBSTR(${a}.${column("STRING", i)}, 1, 3), '-', CAST(${a}.id AS STRING)) AS w${i}`,
  (a, i) => `ROUND(${a}.${column("NUMERIC", i)} * 1.5 + ${i}, 2) AS x${i}`,
  (a, i) => `EXTRACT(YEAR FROM ${a}.${column("DATE", i)}) AS y${i}`,
  (a, i) => `SAFE_CAST(${a}.${column("STRING", i)} AS INT64) AS z${i}`,
];

/** About 1 KB each: a shape, under one or two common tables that fill it up. */
export function statements(count: number, length = 1024): readonly string[] {
  const random = numbers(20_261_127);
  return Array.from({ length: count }, (_, number) => {
    const shape = SHAPES[number % SHAPES.length];
    if (shape === undefined) throw new Error("no shape");
    const { items, rest } = shape(random);
    const clauses = rest.join("\n  ").replace("WHERE ", "WHERE (SELECT MAX(id) FROM base) > 0 AND ");
    const main = `SELECT ${items.join(", ")}\n${clauses}`;
    const head = "WITH base AS (\n  SELECT b.id, b.patient_id";
    const tail = `\n  FROM ${table(random)} AS b -- the cohort\n  WHERE b.${column("STRING", random(9))} IS NOT NULL\n)\n`;
    let filling = "";
    for (let i = 0; head.length + filling.length + tail.length + main.length < length - 60; i++) {
      filling += `,\n    ${EXPRESSIONS[random(EXPRESSIONS.length)]?.("b", i % 9)?.replace(/(\d)$/, `$1_${i}`)}`;
      if (/\.c\d+_\d+$/.test(filling)) filling = filling.replace(/_\d+$/, ` AS k${i}`);
    }
    return head + filling + tail + main;
  });
}

/** One statement of about `length` characters: counts over the statements, one below the other. */
export function longStatement(length: number): string {
  const parts: string[] = [];
  let size = 0;
  for (const statement of statements(Math.ceil(length / 900))) {
    const part = `SELECT COUNT(*) AS n FROM (\n${statement}\n)`;
    if (size + part.length > length) break;
    parts.push(part);
    size += part.length + 11;
  }
  return parts.join("\nUNION ALL\n");
}
