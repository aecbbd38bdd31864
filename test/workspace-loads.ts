/** Load jobs by bare requests into a workspace of which policy lets the agent do anything, for the tests of large uploads. */
import assert from "node:assert/strict";
import type { BigQuery } from "@google-cloud/bigquery";
import { type ClinicCopy, copyClinic } from "./clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "./rig.ts";

const RULES = `
@id("workspace-anything")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"read", Action::"write", Action::"infer", Action::"aggregate", Action::"describe"], resource in Dataset::"demo-clinic.workspace");
`;
export const UPLOAD = `/upload/bigquery/v2/projects/${PROJECT}/jobs`;

export interface LoadAnswer {
  readonly status: number;
  readonly range: string | null;
  readonly location: string | null;
  readonly body: string;
}

export class WorkspaceLoads {
  readonly rig: Rig;
  readonly client: BigQuery;
  readonly #clinic: ClinicCopy;
  #token: string;

  private constructor(rig: Rig, client: BigQuery, clinic: ClinicCopy, token: string) {
    this.rig = rig;
    this.client = client;
    this.#clinic = clinic;
    this.#token = token;
  }

  /** `requests`: the limits of requests, low, so that the files needn't be large; `more`: of the configuration beside them. */
  static async start(requests: Readonly<Record<string, string>>, more: object = {}): Promise<WorkspaceLoads> {
    const clinic = copyClinic();
    clinic.policy("workspace.cedar", () => RULES);
    clinic.policy("tests.yaml", () => "version: 1\ntests: []\n");
    const rig = await startRig({ patients: 12, clinic: clinic.folder, config: { limits: { requests }, ...more } });
    const client = await rig.client("care-summary-agent");
    return new WorkspaceLoads(rig, client, clinic, await rig.token("care-summary-agent"));
  }

  /** Restarts the gateway with other rules of the workspace. */
  async rules(text: (rules: string) => string): Promise<void> {
    this.#clinic.policy("workspace.cedar", () => text(RULES));
    await this.rig.restart();
  }

  async close(): Promise<void> {
    await this.rig.close();
    this.#clinic.remove();
  }

  /** A token that the rig's clock hasn't outrun. */
  async newToken(): Promise<void> {
    this.#token = await this.rig.token("care-summary-agent");
  }

  get authorization(): string {
    return `Bearer ${this.#token}`;
  }

  async send(path: string, { headers, ...rest }: RequestInit): Promise<LoadAnswer> {
    const answer = await fetch(`${this.rig.url}${path}`, {
      ...rest,
      headers: { authorization: this.authorization, ...(headers as Record<string, string>) },
    });
    const { status } = answer;
    const [range, location] = [answer.headers.get("range"), answer.headers.get("location")];
    return { status, range, location, body: await answer.text() };
  }

  /** Where the pieces of an upload go. */
  async begun(job: object): Promise<string> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(job);
    const answer = await this.send(`${UPLOAD}?uploadType=resumable`, { method: "POST", headers, body });
    assert.equal(answer.status, 200, answer.body);
    const { pathname, search } = new URL(answer.location ?? "");
    return `${pathname}${search}`;
  }

  piece(at: string, first: number, body: Uint8Array | string, total: number | "*" = "*"): Promise<LoadAnswer> {
    const bytes = Buffer.from(body);
    const range = bytes.length === 0 ? `bytes */${total}` : `bytes ${first}-${first + bytes.length - 1}/${total}`;
    return this.send(at, { method: "PUT", headers: { "content-range": range }, body: bytes });
  }

  /** How the job ended: what is wrong with it, or nothing. */
  async ended(answer: LoadAnswer): Promise<string> {
    assert.equal(answer.status, 200, answer.body);
    const { jobId, location } = (JSON.parse(answer.body) as { jobReference: { jobId: string; location: string } })
      .jobReference;
    for (;;) {
      const [{ status }] = await this.client.job(jobId, { location }).getMetadata();
      if (status.state === "DONE") return status.errorResult?.message ?? "";
      await new Promise((tick) => setTimeout(tick, 50));
    }
  }

  newest() {
    return this.rig.gateway.store.db
      .selectFrom("whole_sessions")
      .selectAll()
      .orderBy("created_at", "desc")
      .executeTakeFirstOrThrow();
  }
}

/** A job that loads into the workspace. */
export function loadJob(sourceFormat: string, tableId: string, more: object = {}, job: object = {}) {
  const destinationTable = { projectId: PROJECT, datasetId: "workspace", tableId };
  return { configuration: { load: { destinationTable, sourceFormat, ...more }, ...job } };
}

/** The body of one request with the job and its file, whose bytes it may hold. */
export function multipart(
  job: object,
  file: Uint8Array | string,
): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const part = (type: string) => `--b\r\nContent-Type: ${type}\r\n\r\n`;
  const body = Buffer.concat([
    Buffer.from(`${part("application/json")}${JSON.stringify(job)}\r\n${part("application/octet-stream")}`),
    Buffer.from(file),
    Buffer.from("\r\n--b--\r\n"),
  ]);
  return { body: new Uint8Array(body), headers: { "content-type": "multipart/related; boundary=b" } };
}
