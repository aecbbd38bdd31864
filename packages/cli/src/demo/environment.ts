import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { type Gateway, loadConfig, startGateway } from "@chaperone/gateway";
import { startWarehouse, type Warehouse } from "@chaperone/warehouse";
import { stringify } from "yaml";
import { CliError } from "../cli-error.ts";
import { DEMO_ASSISTANT, DEMO_PEOPLE, demoAgents } from "./demo-people.ts";
import { type IdentityProvider, startIdentityProvider } from "./identity-provider.ts";

export const DEMO_PROJECT = "demo-clinic";
const CLINIC = resolve(import.meta.dirname, "../../../../examples/clinic");

export interface DemoOptions {
  /** The gateway's port; the identity provider, the warehouse, the gateway's Storage Read API and the warehouse's take the four after it. 0: any free ports. */
  readonly port: number;
  /** Kept between runs: the ledger goes on. */
  readonly state: string;
  readonly patients: number;
  /** More of chaperone.yaml, merged over the demo's (tests use it for short limits). */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Folder of catalog.yaml and policies/; default: examples/clinic. */
  readonly clinic?: string;
  /** The gateway's clock, in milliseconds since the epoch; default: the machine's. */
  readonly clock?: () => number;
}

export interface Demo {
  readonly gateway: Gateway;
  readonly identityProvider: IdentityProvider;
  readonly warehouse: Warehouse;
  /** The configuration file the gateway was started with. */
  readonly configFile: string;
  close(): Promise<void>;
}

/** Starts identity provider, warehouse and gateway on loopback, in this order; what was started is stopped again if a later one fails. */
export async function startDemo(options: DemoOptions, step: (what: string) => void = () => undefined): Promise<Demo> {
  const { port } = options;
  const ports = Array.from({ length: 5 }, (_, i) => (port === 0 ? 0 : port + i));
  await Promise.all(ports.map(mustBeFree));
  const started: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of started.splice(0).reverse()) await stop();
  };
  try {
    step("identity provider");
    const identityProvider = await startIdentityProvider({
      port: ports[1] ?? 0,
      people: DEMO_PEOPLE,
      assistant: DEMO_ASSISTANT,
      agents: demoAgents(() => randomBytes(24).toString("base64url")),
    });
    started.push(() => identityProvider.close());
    step(`stand-in for BigQuery with ${options.patients.toLocaleString("en")} synthetic patients`);
    const warehouse = await startWarehouse({
      port: ports[2] ?? 0,
      storagePort: ports[4] ?? 0,
      patients: options.patients,
    });
    started.push(() => warehouse.close());
    step("gateway");
    mkdirSync(options.state, { recursive: true, mode: 0o700 });
    const configFile = join(options.state, "chaperone.yaml");
    writeFileSync(
      configFile,
      `# Written by the demo at each start. docs/configuration.md explains every line.\n${stringify(demoConfig(options, identityProvider, warehouse))}`,
    );
    const gateway = await startGateway(loadConfig(configFile, { env: {} }), {
      reachedDirectly: true,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    started.push(() => gateway.close());
    return { gateway, identityProvider, warehouse, configFile, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** chaperone.yaml of the demo, for a gateway beside this identity provider and this warehouse. */
export function demoConfig(
  options: Pick<DemoOptions, "port" | "config" | "clinic">,
  identityProvider: Pick<IdentityProvider, "issuer">,
  warehouse: Pick<Warehouse, "url" | "storageUrl">,
): Record<string, unknown> {
  const clinic = options.clinic ?? CLINIC;
  return {
    listen: { host: "127.0.0.1", port: options.port },
    storage_read: { host: "127.0.0.1", port: options.port === 0 ? 0 : options.port + 3 },
    public_url: "https://chaperone.demo.example",
    state_directory: ".",
    connections: [
      {
        name: "clinic",
        projects: [DEMO_PROJECT],
        location: "US",
        endpoint: warehouse.url,
        storage_endpoint: warehouse.storageUrl,
        credentials: { type: "none" },
        catalog: join(clinic, "catalog.yaml"),
      },
    ],
    issuers: [
      {
        name: "demo",
        issuer: identityProvider.issuer,
        audiences: {
          agents: ["chaperone"],
          people: ["chaperone-console"],
          delegation: [DEMO_ASSISTANT.audience],
        },
      },
    ],
    agents: {
      rules: [
        {
          name: "demo-agents",
          issuer: identityProvider.issuer,
          match: { sub: "*-agent" },
          sponsor: { from_claim: "sponsor" },
          groups: [],
        },
      ],
    },
    people: {
      approvers_default: ["privacy-officers"],
      auditors: ["auditors"],
      administrators: ["data-platform"],
      sign_in: { issuer: identityProvider.issuer, client_id: "chaperone-console" },
    },
    policies: join(clinic, "policies"),
    log: { level: "warn" },
    ...options.config,
  };
}

async function mustBeFree(port: number): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((free, taken) => {
    probe.once("error", taken);
    probe.listen(port, "127.0.0.1", () => probe.close(() => free()));
  }).catch(() => {
    throw new CliError(
      `port ${port} on 127.0.0.1 is taken: is the demo running already? Stop it, or choose five other ports with: npm start -- --port 9080`,
    );
  });
}
