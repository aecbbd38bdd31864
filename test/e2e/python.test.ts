/** Google's Python client at tables and rows, unchanged: what it reads and writes without SQL. CHAPERONE_PYTHON names its interpreter. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { type ClinicCopy, copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const PYTHON = process.env.CHAPERONE_PYTHON ?? "python3";
const has = (modules: string) => spawnSync(PYTHON, ["-c", `import ${modules}`]).status === 0;
const skip = has("google.cloud.bigquery") ? false : "no Python with google-cloud-bigquery (CHAPERONE_PYTHON names one)";
const skipFrames = has("google.cloud.bigquery, pandas, db_dtypes") ? false : "no pandas with db_dtypes beside it";

const RULES = `
@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"write", Action::"infer", Action::"aggregate", Action::"describe"], resource in Dataset::"demo-clinic.workspace");

@id("agreed-with-a-person")
@approval("privacy-officers")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Table::"demo-clinic.workspace.agreed");
`;

const HEAD = `
import sys
from google.cloud import bigquery
from google.oauth2.credentials import Credentials
client = bigquery.Client(project=sys.argv[2], credentials=Credentials(sys.argv[3]), client_options={"api_endpoint": sys.argv[1]})
table = sys.argv[2] + ".workspace.rows"
`;

describe("the Python client", () => {
  let rig: Rig;
  let clinic: ClinicCopy;
  before(async () => {
    clinic = copyClinic();
    clinic.policy("workspace.cedar", () => RULES);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    // What the client sends in pieces, from 5 MB on, is more than is held to become a statement.
    const config = { limits: { requests: { upload: "1MB" } } };
    rig = await startRig({ patients: 20, clinic: clinic.folder, config });
    const client = await rig.client("care-summary-agent");
    await client.query(`CREATE TABLE \`${PROJECT}.workspace.rows\` (id INT64, word STRING, tags ARRAY<STRING>)`);
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  async function python(program: string): Promise<string> {
    const token = await rig.token("care-summary-agent");
    const child = spawn(PYTHON, ["-c", `${HEAD}${program}`, rig.url, PROJECT, token], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.notEqual(out, "", err.slice(-3000));
    return out.trim();
  }

  it("insert_rows_json writes rows, and says which don't fit", { skip }, async () => {
    const out = await python(`
print(client.insert_rows_json(table, [{"id": 1, "word": "a", "tags": ["x", "y"]}, {"id": 2}]))
errors = client.insert_rows_json(table, [{"id": "078-05-1120"}, {"id": 9}])
print([(e["index"], e["errors"][0]["reason"], e["errors"][0]["location"]) for e in errors], "078" in str(errors))
`);
    assert.equal(out, "[]\n[(0, 'invalid', 'id'), (1, 'stopped', '')] False");
  });

  it("load_table_from_json appends, and makes a table", { skip }, async () => {
    const out = await python(`
job = client.load_table_from_json([{"id": 3, "word": "c"}], table)
job.result()
print(job.state, job.job_type, job.input_files, job.output_rows, job.input_file_bytes, job.output_bytes)
schema = [bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("word", "STRING")]
client.load_table_from_json([{"id": 4, "word": "d"}], sys.argv[2] + ".workspace.made", job_config=bigquery.LoadJobConfig(schema=schema)).result()
print([tuple(r) for r in client.list_rows(sys.argv[2] + ".workspace.made")])
`);
    assert.equal(out, "DONE load 1 1 None None\n[(4, 'd')]");
  });

  it("list_rows reads a table page by page, and some of its fields", { skip }, async () => {
    const out = await python(`
print(sorted((r["id"], r["word"], tuple(r["tags"])) for r in client.list_rows(table, page_size=2)))
t = client.get_table(table)
print(sorted(tuple(r) for r in client.list_rows(t, selected_fields=t.schema[:1])))
print(len(list(client.list_rows(sys.argv[2] + ".ops.calendar", page_size=100))))
`);
    assert.equal(out, "[(1, 'a', ('x', 'y')), (2, None, ()), (3, 'c', ())]\n[(1,), (2,), (3,)]\n1095");
  });

  it("copy_table copies", { skip }, async () => {
    const out = await python(`
job = client.copy_table(table, sys.argv[2] + ".workspace.copied")
job.result()
print(job.state, client.get_table(sys.argv[2] + ".workspace.copied").schema == client.get_table(table).schema)
`);
    assert.equal(out, "DONE True");
  });

  it("to_dataframe pages by REST, with or without the Storage client beside it", {
    skip: skipFrames || skip,
  }, async () => {
    const out = await python(`
sql = "SELECT x, CAST(x AS STRING) AS s FROM UNNEST(GENERATE_ARRAY(1, 25000)) x"
print(len(client.query(sql).to_dataframe()))
print(len(client.query_and_wait(sql, page_size=5000).to_dataframe()))
print(len(client.list_rows(sys.argv[2] + ".ops.calendar").to_dataframe(create_bqstorage_client=False)))
`);
    assert.equal(out, "25000\n25000\n1095");
  });

  it("load_table_from_dataframe sends Parquet, small and large, and the rows are the frame's", {
    skip: skipFrames || skip,
  }, async () => {
    const out = await python(`
import pandas, random
frame = sys.argv[2] + ".workspace.frame"
def load(n):
    draw = random.Random(1)
    df = pandas.DataFrame({"id": range(n), "word": ["w%d" % (i % 9) if i % 5 else None for i in range(n)]})
    df["seen"] = pandas.to_datetime(df["id"] * 1000 + 1, unit="us", utc=True)
    for name in "abcde": df[name] = [draw.random() for _ in range(n)]
    job = client.load_table_from_dataframe(df, frame, job_config=bigquery.LoadJobConfig(write_disposition="WRITE_TRUNCATE", schema=schema))
    job.result()
    columns = ", ".join("SUM(%s)" % name for name in "abcde")
    [row] = client.query("SELECT COUNT(*), COUNT(DISTINCT id), COUNT(word), UNIX_MICROS(MAX(seen)), " + columns + " FROM " + frame)
    same = all(abs(row[4 + i] - df[name].sum()) < 1e-6 for i, name in enumerate("abcde"))
    print(job.state, job.output_rows, tuple(row[:4]), same)
schema = [bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("word", "STRING"), bigquery.SchemaField("seen", "TIMESTAMP")]
schema += [bigquery.SchemaField(name, "FLOAT") for name in "abcde"]
load(100)
load(130000)
`);
    assert.equal(out, "DONE 100 (100, 100, 80, 99001) True\nDONE 130000 (130000, 130000, 104000, 129999001) True");
  });

  it("load_table_from_file of 20 MB is counted, agreed to, and loaded when it is sent again", { skip }, async () => {
    const program = `
import io
from google.api_core.exceptions import Forbidden
agreed = sys.argv[2] + ".workspace.agreed"
schema = [bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("word", "STRING")]
config = bigquery.LoadJobConfig(source_format="CSV", schema=schema, write_disposition="WRITE_APPEND")
file = b"".join(b"%d,%s\\n" % (i, b"w" * 90) for i in range(210000))
try:
    job = client.load_table_from_file(io.BytesIO(file), agreed, size=len(file), job_config=config)
    job.result()
    [row] = client.query("SELECT COUNT(*), COUNT(DISTINCT id) FROM " + agreed)
    print(len(file) > 20000000, job.state, job.output_rows, tuple(row))
except Forbidden as error:
    print(str(error).split("projects")[-1])
`;
    assert.match(await python(program), /210000 rows were read, counted and dropped.*send the same file again/s);
    assert.match(await python(program), /This load waits for a person/);
    const { rows } = await rig.decide("dana.officer", "approve");
    assert.equal(rows?.rows, 210_000);
    assert.equal(await python(program), "True DONE 210000 (210000, 210000)");
    assert.match(await python(program), /210000 rows were read, counted and dropped/);
  });
});
