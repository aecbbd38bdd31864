/** A gateway with the embedded warehouse behind it, or another BigQuery, and an agent's credential of each kind. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiClient } from "../../packages/cli/src/api-client.ts";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import { credentialFile, makeKey } from "../../packages/cli/src/print/agent-credential.ts";
import type { ApprovalSummary, ApprovalView } from "../../packages/gateway/src/index.ts";
import { copyClinic } from "../clinic-copy.ts";
import { freePort } from "../free-port.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { hasOpenssl, startTlsFront } from "../tls-front.ts";
import type { Kind } from "./clients.ts";
import { answerDryRuns, hasDryRuns } from "./dry-runs.ts";
import { fill, type OtherBigQuery } from "./other-bigquery.ts";

/** Whom a client asks: the gateway, the BigQuery behind it, or the project's own stand-in, which has the same tables. */
export type Side = "gateway" | "behind" | "stand-in";

export interface Setting {
  readonly rig: Rig;
  /** Whether the BigQuery behind it has a Storage Read API. */
  readonly hasStorage: boolean;
  /** Whether dry runs are answered by `dry-runs.ts`, since those of the BigQuery behind it confirm nothing. */
  readonly dryRunsAnswered: boolean;
  /** What the client's process gets to reach them. The stand-in's Storage Read API isn't reached where another is behind the gateway. */
  environment(kind: Kind, side: Side): Promise<NodeJS.ProcessEnv>;
  /** Decides whatever is pending, until told to stop. */
  deciding(decision: "approve" | "deny"): () => Promise<void>;
  close(): Promise<void>;
}

/** A pipeline's table: it is filled by large loads, which can't wait for a person, and shows that it has dates. */
const INTAKE_COLUMNS = `    tables:
      intake:
        columns:
          born: phi.date.birth
`;
const INTAKE_POLICY = `
@id("intake-write")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"write", resource in Table::"demo-clinic.ops.intake");

@id("intake-birth-date")
@mask("default")
@approval("none")
permit (principal in Group::"clinical-agents", action == Action::"read", resource in Table::"demo-clinic.ops.intake")
when { resource in DataClass::"phi.date.birth" };

@id("intake-rows")
@mask("none")
@approval("none")
permit (principal in Group::"clinical-agents", action in [Action::"aggregate", Action::"infer"], resource in Table::"demo-clinic.ops.intake")
when { resource.path == "*" };

@id("intake-describe")
permit (principal in Group::"clinical-agents", action == Action::"describe", resource in Table::"demo-clinic.ops.intake");
`;

function connectionTo({ url, storageUrl }: OtherBigQuery, catalog: string) {
  return {
    name: "clinic",
    projects: [PROJECT],
    location: "US",
    endpoint: url,
    ...(storageUrl === undefined ? {} : { storage_endpoint: storageUrl }),
    credentials: { type: "none" },
    catalog,
  };
}

function newFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  return folder;
}

/** Its credentials lie in `folder`. `other`: what the gateway stands in front of, in place of the embedded warehouse. */
export async function startSetting(folder: string, other: OtherBigQuery | undefined): Promise<Setting> {
  const port = await freePort();
  // Clients compare what their credential file says with what they are told: the public URL is where the gateway listens.
  const publicUrl = `http://127.0.0.1:${port}`;
  const clinic = copyClinic();
  clinic.policy("intake.cedar", () => INTAKE_POLICY);
  // dbt's tests count the rows that are wrong, and can't read a count that is hidden.
  clinic.policy("workspace.cedar", (text) =>
    text.replace('@id("workspace-rows")\n@mask("smallcell")', '@id("workspace-rows")\n@mask("none")'),
  );
  clinic.catalog((text) => text.replace("  demo-clinic.ops:\n    phi: false\n", (ops) => `${ops}${INTAKE_COLUMNS}`));
  const dryRuns =
    other === undefined || (await hasDryRuns(other.url, PROJECT)) ? undefined : await answerDryRuns(other.url);
  const rig = await startRig({
    clinic: clinic.folder,
    patients: 60,
    config: {
      listen: { host: "127.0.0.1", port },
      public_url: publicUrl,
      log: { level: "error" },
      ...(other === undefined
        ? {}
        : { connections: [connectionTo({ ...other, ...dryRuns }, join(clinic.folder, "catalog.yaml"))] }),
    },
  });
  if (other !== undefined) await fill(rig.warehouse.url, other.url);
  const behind: OtherBigQuery = other ?? rig.warehouse;
  const { publicKey, privateKey } = makeKey();
  const { subject, kid } = await rig.person("sam.sponsor").post<{ subject: string; kid: string }>("agents/add", {
    name: "conformance",
    sponsor: { issuer: rig.identityProvider.issuer, subject: "sam.sponsor" },
    groups: ["clinical-agents"],
    key: { publicKey, days: 1 },
  });
  const tokenFile = join(folder, "token");
  const files: Readonly<Record<Kind, string>> = {
    A: credentialFile({ kind: "token-file", publicUrl, subject: "", tokenFile }),
    B: credentialFile({ kind: "key", publicUrl, subject, kid, privateKey }),
    C: credentialFile({ kind: "self-signed", publicUrl, subject, kid, privateKey }),
  };
  // The demo's public URL is nobody's: the file points at where the gateway listens.
  for (const [kind, content] of Object.entries(files))
    writeFileSync(join(folder, `${kind}.json`), content.replaceAll(`"${publicUrl}/`, `"${rig.url}/`), { mode: 0o600 });
  // The Storage clients speak TLS alone.
  const { storageUrl } = behind;
  const fronts =
    hasOpenssl && storageUrl !== undefined
      ? {
          gateway: await startTlsFront(rig.gateway.storageUrl ?? "", newFolder(folder, "gateway")),
          behind: await startTlsFront(storageUrl, newFolder(folder, "behind")),
        }
      : undefined;
  return {
    rig,
    hasStorage: storageUrl !== undefined,
    dryRunsAnswered: dryRuns !== undefined,
    async environment(kind, side) {
      // An issuer's tokens live for minutes, and whoever runs the agent keeps the file fresh.
      writeFileSync(tokenFile, await rig.token("care-summary-agent"), { mode: 0o600 });
      const home = join(folder, `home-${kind}`);
      mkdirSync(home, { recursive: true });
      const universe = new URL(publicUrl).hostname;
      const front = side === "stand-in" ? undefined : fronts?.[side];
      return {
        PATH: process.env.PATH,
        JAVA_HOME: process.env.JAVA_HOME,
        HOME: home,
        CLOUDSDK_CONFIG: join(home, "gcloud"),
        CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
        LC_ALL: "C.UTF-8",
        GOOGLE_APPLICATION_CREDENTIALS: join(folder, `${kind}.json`),
        ...(kind === "C" ? { GOOGLE_CLOUD_UNIVERSE_DOMAIN: universe, UNIVERSE: universe } : {}),
        SIDE: side,
        ENDPOINT: { gateway: rig.url, behind: behind.url, "stand-in": rig.warehouse.url }[side],
        STORAGE_PORT: String(front?.port ?? ""),
        GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: front?.certificate,
        METADATA_SERVER_DETECTION: "none",
        PROJECT,
      };
    },
    deciding(decision) {
      let stopped = false;
      const token = loginAsDemoPerson(rig.identityProvider.issuer, "dana.officer");
      const officer = apiClient(rig.url, () => token);
      const done = (async () => {
        while (!stopped) {
          const { approvals } = await officer.get<{ approvals: ApprovalSummary[] }>("approvals?state=pending");
          for (const { id } of approvals) {
            const { binding } = await officer.get<ApprovalView>(`approvals/${id}`);
            await officer.post(`approvals/${id}/decisions`, { decision, reason: "as the step says", binding });
          }
          await new Promise((tick) => setTimeout(tick, 100));
        }
      })();
      return async () => {
        stopped = true;
        await done;
      };
    },
    async close() {
      await fronts?.gateway.close();
      await fronts?.behind.close();
      await rig.close();
      await dryRuns?.close();
      clinic.remove();
    },
  };
}
