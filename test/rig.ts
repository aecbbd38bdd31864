import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";
import { type ApiClient, apiClient } from "../packages/cli/src/api-client.ts";
import { DEMO_PROJECT, type Demo, startDemo } from "../packages/cli/src/demo/environment.ts";
import { loginAsDemoPerson } from "../packages/cli/src/login/index.ts";
import { type ApprovalSummary, type ApprovalView, loadConfig, startGateway } from "../packages/gateway/src/index.ts";

/** A whole Chaperone on loopback for tests that cross rooms: identity provider, warehouse with a few patients, gateway. */
export interface Rig extends Demo {
  readonly url: string;
  readonly state: string;
  /** The official client, unchanged, with an agent's own token. */
  client(agent: string): Promise<BigQuery>;
  token(agent: string): Promise<string>;
  /** The console API as a person of the demo: dana.officer, rio.reviewer, sam.sponsor, avery.auditor. */
  person(subject: string): ApiClient;
  /** Waits for the one pending request (of this agent's session, if given) and shows it to the person. */
  pending(person: ApiClient): Promise<ApprovalView>;
  /** Waits for the pending request and decides it as this person. */
  decide(subject: string, decision: "approve" | "deny", reason?: string): Promise<ApprovalView>;
  /** Moves the gateway's clock forward. Tokens end by it too, at the earliest after 15 minutes. */
  advance(ms: number): void;
  /** Stops the gateway as an operator would and starts it again: same state directory, same port. `meanwhile` runs in between. */
  restart(meanwhile?: () => void | Promise<void>): Promise<void>;
}

export interface RigOptions {
  readonly patients?: number;
  /** Merged over the demo's chaperone.yaml. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Kept when given; otherwise a fresh folder that `close` removes. */
  readonly state?: string;
  /** Folder of catalog.yaml and policies/; default: examples/clinic. */
  readonly clinic?: string;
}

export const PROJECT = DEMO_PROJECT;
const PATIENCE_MS = 10_000;

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const state = options.state ?? mkdtempSync(join(tmpdir(), "chaperone-test-"));
  let ahead = 0;
  const clock = () => Date.now() + ahead;
  const demo = await startDemo({
    port: 0,
    clock,
    ...(options.clinic === undefined ? {} : { clinic: options.clinic }),
    state,
    patients: options.patients ?? 300,
    config: { log: { level: "error" }, ...options.config },
  });
  let { gateway } = demo;
  const people = new Map<string, ApiClient>();
  const rig: Rig = {
    ...demo,
    get gateway() {
      return gateway;
    },
    url: gateway.url,
    state,
    token: (agent) => demo.identityProvider.agentToken(agent),
    async client(agent) {
      const authClient = new OAuth2Client();
      authClient.setCredentials({ access_token: await demo.identityProvider.agentToken(agent) });
      return new BigQuery({ projectId: PROJECT, apiEndpoint: demo.gateway.url, authClient });
    },
    person(subject) {
      let client = people.get(subject);
      if (client === undefined) {
        let token: Promise<string> | undefined;
        client = apiClient(
          demo.gateway.url,
          () => (token ??= loginAsDemoPerson(demo.identityProvider.issuer, subject)),
        );
        people.set(subject, client);
      }
      return client;
    },
    async pending(person) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const { approvals } = await person.get<{ approvals: ApprovalSummary[] }>("approvals?state=pending");
        const [first] = approvals;
        if (first !== undefined) return person.get<ApprovalView>(`approvals/${first.id}`);
        if (Date.now() > deadline) throw new Error("no request appeared in the inbox");
        await new Promise((tick) => setTimeout(tick, 25));
      }
    },
    async decide(subject, decision, reason = "as the test says") {
      const person = rig.person(subject);
      const view = await rig.pending(person);
      await person.post(`approvals/${view.id}/decisions`, { decision, reason, binding: view.binding });
      return view;
    },
    advance(ms) {
      ahead += ms;
    },
    async restart(meanwhile) {
      await gateway.close();
      await meanwhile?.();
      const config = loadConfig(demo.configFile, { env: {} });
      const portOf = (url = "") => Number(new URL(url).port);
      gateway = await startGateway(
        {
          ...config,
          listen: { ...config.listen, port: portOf(demo.gateway.url) },
          storageRead: { host: config.listen.host, port: portOf(demo.gateway.storageUrl) },
        },
        { clock, reachedDirectly: true },
      );
    },
    async close() {
      await gateway.close();
      await demo.close();
      if (options.state === undefined) rmSync(state, { recursive: true, force: true });
    },
  };
  return rig;
}
