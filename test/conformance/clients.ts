/** The clients, none of them ours: how each is found on this machine and started. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { GO_STORAGE, LARGE_LOADS, LISTS, LOADS, PYTHON_ALONE, queriesBy, STORAGE, type Step } from "./steps.ts";

const DRIVERS = join(import.meta.dirname, "drivers");
/** The kinds of docs/credentials.md. */
export type Kind = "A" | "B" | "C";

/** A client's version, or why it can't be run here. */
export type Found = { readonly version: string } | { readonly missing: string };

export interface Client {
  readonly name: string;
  readonly kind: Kind;
  readonly steps: readonly Step[];
  /** What takes long (a build) happens here. */
  prepare(folder: string): Found;
  command(step: Step, folder: string): readonly [string, ...string[]];
  /** Before the first step, with the environment the steps get. */
  logIn?(environment: NodeJS.ProcessEnv): Promise<void>;
}

const PYTHON = process.env.CHAPERONE_PYTHON ?? "python3";
const DBT = process.env.CHAPERONE_DBT ?? "dbt";

function run(command: string, words: readonly string[], options: object = {}): { ok: boolean; text: string } {
  const { status, stdout, stderr, error } = spawnSync(command, [...words], { encoding: "utf8", ...options });
  return { ok: status === 0, text: error?.message ?? (status === 0 ? stdout.trim() : stderr.trim().slice(-500)) };
}

function pythonClient(name: string, packageName: string, kind: Kind, driver: string, steps: readonly Step[]): Client {
  return {
    name,
    kind,
    steps,
    prepare() {
      const { ok, text } = run(PYTHON, ["-c", `import importlib.metadata as m; print(m.version("${packageName}"))`]);
      return ok ? { version: text } : { missing: `no Python with ${packageName} (CHAPERONE_PYTHON names one)` };
    },
    command: (step) => [PYTHON, join(DRIVERS, driver), JSON.stringify(step)],
  };
}

const node: Client = {
  name: "Node @google-cloud/bigquery",
  kind: "C",
  steps: [...queriesBy("query_and_wait", "query"), ...LISTS, ...LOADS, ...LARGE_LOADS, ...STORAGE],
  prepare: () => ({ version: versionOf("@google-cloud/bigquery") }),
  command: (step) => [process.execPath, join(DRIVERS, "node.ts"), JSON.stringify(step)],
};

const go: Client = {
  name: "Go cloud.google.com/go/bigquery",
  kind: "B",
  steps: [...queriesBy("query_and_wait", "query"), ...LISTS, ...LOADS, ...LARGE_LOADS, ...GO_STORAGE],
  prepare(folder) {
    const { ok, text } = run("go", ["build", "-o", join(folder, "go-driver"), "."], { cwd: join(DRIVERS, "go") });
    if (!ok) return { missing: `go build: ${text}` };
    return {
      version:
        / cloud\.google\.com\/go\/bigquery v(\S+)|\tcloud\.google\.com\/go\/bigquery v(\S+)/
          .exec(readFileSync(join(DRIVERS, "go/go.mod"), "utf8"))
          ?.slice(1)
          .find((found) => found !== undefined) ?? "",
    };
  },
  command: (step, folder) => [join(folder, "go-driver"), JSON.stringify(step)],
};

const java: Client = {
  name: "Java google-cloud-bigquery",
  kind: "B",
  steps: [...queriesBy("query_and_wait", "query"), ...LARGE_LOADS],
  prepare(folder) {
    const pom = join(DRIVERS, "java/pom.xml");
    const words = ["-q", "-f", pom, "dependency:build-classpath", `-Dmdep.outputFile=${join(folder, "classpath")}`];
    const { ok, text } = run("mvn", words);
    if (!ok) return { missing: `mvn: ${text}` };
    return { version: /<version>(\d[^<]*\.[^<]*)</.exec(readFileSync(pom, "utf8"))?.[1] ?? "" };
  },
  command: (step, folder) => [
    "java",
    "-cp",
    readFileSync(join(folder, "classpath"), "utf8"),
    join(DRIVERS, "java/Driver.java"),
    JSON.stringify(step),
  ],
};

const bq: Client = {
  name: "bq",
  kind: "A",
  steps: [...queriesBy("query").filter(({ feature }) => feature !== "paged"), ...LISTS, ...LOADS, ...LARGE_LOADS],
  prepare() {
    const { ok, text } = run("bq", ["version"]);
    if (!ok) return { missing: "no bq" };
    if (!run("gcloud", ["version"]).ok) return { missing: "no gcloud, which logs bq in" };
    return { version: text.replace(/^.* /s, "") };
  },
  command: (step) => [process.execPath, join(DRIVERS, "bq.ts"), JSON.stringify(step)],
  // Not in step: the gateway that it asks for a token is in this process.
  async logIn(environment) {
    const file = environment.GOOGLE_APPLICATION_CREDENTIALS ?? "";
    await promisify(execFile)("gcloud", ["auth", "login", `--cred-file=${file}`, "--quiet"], { env: environment });
  },
};

const dbt: Client = {
  name: "dbt-bigquery",
  kind: "B",
  steps: [{ feature: "models", how: "dbt", sql: "" }],
  prepare() {
    const { ok, text } = run(DBT, ["--version"]);
    return ok ? { version: /bigquery: (\S+)/.exec(text)?.[1] ?? "" } : { missing: "no dbt (CHAPERONE_DBT names one)" };
  },
  command: (_step, folder) => [process.execPath, join(DRIVERS, "dbt.ts"), DBT, folder],
};

export const CLIENTS: readonly Client[] = [
  pythonClient("Python google-cloud-bigquery", "google-cloud-bigquery", "A", "python.py", [
    ...queriesBy("query", "query_and_wait"),
    ...PYTHON_ALONE,
    ...LISTS,
    ...LOADS,
    ...LARGE_LOADS,
    ...STORAGE,
  ]),
  pythonClient("pandas-gbq", "pandas-gbq", "B", "pandas_gbq_driver.py", queriesBy("query")),
  pythonClient("sqlalchemy-bigquery", "sqlalchemy-bigquery", "C", "sqlalchemy_driver.py", queriesBy("query")),
  node,
  go,
  java,
  bq,
  dbt,
];

function versionOf(name: string): string {
  const file = join(import.meta.dirname, "../../node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
