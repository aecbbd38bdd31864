/** The clinic's view and SQL functions, made as anybody would make them. */
import type { Catalog } from "../catalog.ts";
import type { Engine } from "../engine.ts";
import { prepare } from "../run/prepare.ts";
import { Session } from "../run/session.ts";
import { tokenize } from "../sql/lexer.ts";

const STATEMENTS: readonly string[] = [
  `CREATE VIEW \`ehr\`.\`patient_encounters\`
     OPTIONS (description = 'Encounters with who they were with', labels = [('phi', 'true')]) AS
   SELECT e.encounter_id, e.admitted_at, e.discharged_at, e.type, e.department,
          p.patient_id, p.mrn, p.full_name, p.birth_date, p.gender, p.address.state AS state
   FROM \`demo-clinic\`.\`ehr\`.\`encounters\` AS e
   JOIN \`demo-clinic\`.\`ehr\`.\`patients\` AS p ON p.patient_id = e.patient_id`,
  `CREATE FUNCTION \`ehr\`.\`age_on\`(birth DATE, on_day DATE) RETURNS INT64 AS (
     DATE_DIFF(on_day, birth, YEAR)
       - IF(EXTRACT(MONTH FROM on_day) * 100 + EXTRACT(DAY FROM on_day)
            < EXTRACT(MONTH FROM birth) * 100 + EXTRACT(DAY FROM birth), 1, 0)
   ) OPTIONS (description = 'Whole years between a birth and a day')`,
  `CREATE TABLE FUNCTION \`ehr\`.\`encounters_of\`(patient INT64) AS
   SELECT encounter_id, admitted_at, type, department
   FROM \`demo-clinic\`.\`ehr\`.\`encounters\`
   WHERE patient_id = patient`,
];

export async function createViewsAndRoutines(engine: Engine, catalog: Catalog, project: string): Promise<void> {
  await engine.use(async (connection) => {
    const options = { projectId: project, defaultDataset: undefined, id: "clinic", script: false };
    const session = new Session(connection, engine, catalog, options);
    for (const text of STATEMENTS) {
      const statement = text.replaceAll("demo-clinic", project);
      await (await prepare(session, tokenize(statement), statement)).run();
    }
  });
}
