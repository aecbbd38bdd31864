import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { tableName } from "../storage-client.ts";
import { hasOpenssl, startTlsFront, type TlsFront } from "../tls-front.ts";

// Official clients of the Storage Read API, unchanged: over TLS, with a credential, and nothing else.

const PYTHON = process.env.CHAPERONE_PYTHON ?? "python3";
const hasPython = spawnSync(PYTHON, ["-c", "import google.cloud.bigquery_storage, pyarrow"]).status === 0;
const skip = !hasOpenssl && "no openssl, to make a certificate";
const skipPython =
  skip || (!hasPython && "no Python with google-cloud-bigquery-storage and pyarrow (CHAPERONE_PYTHON names one)");

const hasAvro = spawnSync(PYTHON, ["-c", "import fastavro"]).status === 0;
const skipAvro = skipPython || (!hasAvro && "no fastavro");

const NODE = `
import { v1 } from "@google-cloud/bigquery-storage";
import { tableFromIPC } from "apache-arrow";
import { OAuth2Client } from "google-auth-library";
const [port, token, project, table] = process.argv.slice(1);
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: token });
const client = new v1.BigQueryReadClient({ projectId: project, apiEndpoint: "localhost", port: Number(port), authClient });
const [session] = await client.createReadSession({
  parent: "projects/" + project, readSession: { table, dataFormat: "ARROW" }, maxStreamCount: 1 });
const parts = [session.arrowSchema.serializedSchema];
for await (const { arrowRecordBatch } of client.readRows({ readStream: session.streams[0].name }))
  parts.push(arrowRecordBatch.serializedRecordBatch);
console.log(tableFromIPC(Buffer.concat(parts)).numRows);
await client.close();
`;

const PYTHON_HEAD = `
import sys
from google.cloud import bigquery, bigquery_storage
from google.oauth2.credentials import Credentials
port, token, project, table, rest = sys.argv[1:6]
credentials = Credentials(token)
storage = bigquery_storage.BigQueryReadClient(credentials=credentials, client_options={"api_endpoint": "localhost:" + port})
`;

const PYTHON_SESSION = `${PYTHON_HEAD}
session = storage.create_read_session(parent="projects/" + project, max_stream_count=1,
    read_session=bigquery_storage.types.ReadSession(table=table, data_format=bigquery_storage.types.DataFormat.ARROW))
result = storage.read_rows(session.streams[0].name).to_arrow(session)
print(result.num_rows, result.schema.field("day").type, result.schema.field("is_holiday").type)
`;

const PYTHON_ROWS = `${PYTHON_HEAD}
client = bigquery.Client(project=project, credentials=credentials, client_options={"api_endpoint": rest})
def refuse(*a, **k): raise AssertionError("read by REST")
rows = client.list_rows(project + ".ops.calendar")
rows._get_next_page_response = refuse
print(rows.to_arrow(bqstorage_client=storage).num_rows)
`;

const PYTHON_AVRO = `${PYTHON_HEAD}
session = storage.create_read_session(parent="projects/" + project, max_stream_count=1,
    read_session=bigquery_storage.types.ReadSession(table=table, data_format=bigquery_storage.types.DataFormat.AVRO))
rows = list(storage.read_rows(session.streams[0].name).rows(session))
print(len(rows), type(rows[0]["day"]).__name__, rows[0]["is_holiday"])
`;

const PYTHON_QUERY = `${PYTHON_HEAD}
from google.api_core.client_info import ClientInfo
client = bigquery.Client(project=project, credentials=credentials, client_options={"api_endpoint": rest},
    client_info=ClientInfo(user_agent="own-storage-client"))
made = []
create = storage.create_read_session
def counted(*a, **k):
    made.append(create(*a, **k))
    return made[-1]
storage.create_read_session = counted
sql = "SELECT day, weekday FROM " + chr(96) + project + ".ops.calendar" + chr(96) + " WHERE weekday != 'Sunday'"
table = client.query(sql).to_arrow(bqstorage_client=storage)
frame = client.query(sql).to_dataframe(bqstorage_client=storage)
print(len(made), table.num_rows == len(frame), table.num_rows > 100, "Sunday" in table["weekday"].to_pylist())
`;

const PYTHON_HELD = `${PYTHON_HEAD}
session = storage.create_read_session(parent="projects/" + project, max_stream_count=1,
    read_session=bigquery_storage.types.ReadSession(
        table="projects/" + project + "/datasets/ehr/tables/patients", data_format=bigquery_storage.types.DataFormat.ARROW,
        read_options={"selected_fields": ["ssn", "birth_date"]}))
result = storage.read_rows(session.streams[0].name).to_arrow(session).to_pydict()
print(all(v.startswith("XXXXX") for v in result["ssn"]), all(v.month == 1 and v.day == 1 for v in result["birth_date"]))
`;

describe("official clients of the Storage Read API, over TLS", () => {
  let rig: Rig;
  let front: TlsFront;
  let folder: string;
  let rows: number;
  before(async () => {
    if (!hasOpenssl) return;
    rig = await startRig({ patients: 30 });
    folder = mkdtempSync(join(tmpdir(), "chaperone-tls-"));
    front = await startTlsFront(rig.gateway.storageUrl ?? "", folder);
    const client = await rig.client("care-summary-agent");
    const [counted] = await client.query(`SELECT COUNT(*) AS n FROM \`${PROJECT}.ops.calendar\``);
    rows = counted[0].n;
  });
  after(async () => {
    if (!hasOpenssl) return;
    await front.close();
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  async function printed(command: string, words: readonly string[]): Promise<string> {
    const token = await rig.token("care-summary-agent");
    const child = spawn(command, [...words, String(front.port), token, PROJECT, tableName("ops.calendar"), rig.url], {
      cwd: resolve(import.meta.dirname, "../.."),
      env: {
        ...process.env,
        GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: front.certificate,
        NODE_EXTRA_CA_CERTS: front.certificate,
        METADATA_SERVER_DETECTION: "none",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return out.trim() || `nothing; ${err.slice(-2000)}`;
  }

  it("Node's", { skip }, async () => {
    assert.equal(await printed(process.execPath, ["--input-type=module", "-e", NODE]), String(rows));
  });

  it("Python's, by a session of its own", { skip: skipPython }, async () => {
    assert.equal(await printed(PYTHON, ["-c", PYTHON_SESSION]), `${rows} date32[day] bool`);
  });

  it("Python's to_arrow() of a table's rows", { skip: skipPython }, async () => {
    assert.equal(await printed(PYTHON, ["-c", PYTHON_ROWS]), String(rows));
  });

  it("Python's in Avro, as fastavro reads it", { skip: skipAvro }, async () => {
    assert.equal(await printed(PYTHON, ["-c", PYTHON_AVRO]), `${rows} date True`);
  });

  it("Python's to_arrow() and to_dataframe() of a query", { skip: skipPython }, async () => {
    assert.equal(await printed(PYTHON, ["-c", PYTHON_QUERY]), "2 True True False");
  });

  it("Python's, which waits for a person by itself", { skip: skipPython }, async () => {
    const reading = printed(PYTHON, ["-c", PYTHON_HELD]);
    await rig.decide("dana.officer", "approve");
    assert.equal(await reading, "True True");
  });
});
