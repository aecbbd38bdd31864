import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Document } from "yaml";
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Config } from "./config.ts";
import { configOf } from "./config.ts";
import { crossCheck } from "./cross-checks.ts";
import type { ConfigFile } from "./file.ts";
import { configFile } from "./file.ts";
import type { ConfigProblem } from "./problem.ts";
import { ConfigError, readingFault } from "./problem.ts";
import { Secret } from "./secret.ts";

const LONGEST_FILE = 1_000_000;
const LONGEST_SECRET = 65_536;
/** Keeps an alias from growing into gigabytes ("billion laughs"). */
const MOST_ALIASES = 100;

export interface LoadOptions {
  /** Where `${env:NAME}` looks. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads chaperone.yaml. Throws ConfigError with every problem found, each with line, column and what to write instead.
 * Relative paths in it are relative to its own folder.
 */
export function loadConfig(path: string, { env }: LoadOptions): Config {
  const file = resolve(path);
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new ConfigError([at(path, "", `can't be read: ${readingFault(error)}`)]);
  }
  return parseConfig(source, { name: path, directory: dirname(file), env });
}

export interface ParseOptions extends LoadOptions {
  /** How problems name the file. */
  readonly name: string;
  /** Folder that relative paths start from. */
  readonly directory: string;
}

/** What loadConfig does with the file's text. */
export function parseConfig(source: string, { name, directory, env }: ParseOptions): Config {
  if (source.length > LONGEST_FILE) throw new ConfigError([at(name, "", `is longer than ${LONGEST_FILE} characters`)]);
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, version: "1.2", schema: "core", prettyErrors: false });
  const locate = (path: readonly PropertyKey[], message: string, keys: readonly string[] = []): ConfigProblem => {
    const { line, col } = lines.linePos(offsetOf(document, path, keys));
    return { file: name, line: line || 1, column: col || 1, path: printPath(path), message };
  };

  const unreadable = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return {
      file: name,
      line,
      column: col,
      path: "",
      message: `not valid YAML: ${YAML_MESSAGES[error.code] ?? "see this line"}`,
    };
  });
  // The parser trips over what follows its first error; that first one is enough.
  if (unreadable.length > 0) throw new ConfigError(unreadable.slice(0, 1));

  const written = plain(document, name);
  if (written === null) throw new ConfigError([at(name, "", "is empty; it needs connections and issuers at least")]);
  const result = configFile.safeParse(written, {
    // For what a field says nothing of itself.
    error: ({ code, input }) => (code === "invalid_type" && input === undefined ? "is missing" : undefined),
  });
  if (!result.success) {
    throw new ConfigError(
      result.error.issues.map((issue) =>
        locate(issue.path, issue.message, issue.code === "unrecognized_keys" ? issue.keys : []),
      ),
    );
  }
  const findings = crossCheck(result.data);
  if (findings.length > 0) throw new ConfigError(findings.map(({ path, message }) => locate(path, message)));

  const reference = result.data.people.sign_in?.client_secret;
  const secret = reference === undefined ? undefined : readSecret(reference, directory, env);
  if (typeof secret === "string") throw new ConfigError([locate(["people", "sign_in", "client_secret"], secret)]);
  return configOf(result.data, directory, secret);
}

/** Our own words: the parser's messages quote the source, which may hold a secret written in the wrong place. */
const YAML_MESSAGES: Readonly<Record<string, string>> = {
  BAD_INDENT: "the indentation is wrong",
  DUPLICATE_KEY: "this key is written twice",
  MULTIPLE_DOCS: "the file must hold one document",
  TAB_AS_INDENT: "indent with spaces, not tabs",
  TAG_RESOLVE_FAILED: "unknown tag; write plain values",
  UNEXPECTED_TOKEN: "something is written here that doesn't belong",
  MISSING_CHAR: "a quote, bracket or other character is missing",
  BAD_ALIAS: "this alias has no anchor",
  IMPOSSIBLE: "this can't be understood",
};

function plain(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    throw new ConfigError([at(name, "", "has an alias without its anchor, or too many aliases")]);
  }
}

/** The secret, or what is wrong with the reference; never part of the value. */
function readSecret(
  reference: NonNullable<NonNullable<ConfigFile["people"]["sign_in"]>["client_secret"]>,
  directory: string,
  env: LoadOptions["env"],
): Secret | string {
  if ("env" in reference) {
    const value = env[reference.env];
    return value === undefined || value === "" ? `the environment has no ${reference.env}; set it` : new Secret(value);
  }
  try {
    const value = readFileSync(resolve(directory, reference.file), "utf8").trim();
    if (value === "" || value.length > LONGEST_SECRET) return `the file must hold 1 to ${LONGEST_SECRET} characters`;
    return new Secret(value);
  } catch (error) {
    return `the file can't be read: ${readingFault(error)}`;
  }
}

/** Offset of the node at `path`, or of the deepest part of it that is written; of the key itself when `keys` names one. */
function offsetOf(document: Document, path: readonly PropertyKey[], keys: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of [...path, ...keys.slice(0, 1)]) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  // A scalar's own place says more than its key's, unless the key is what is wrong.
  return keys.length === 0 && isScalar(node) ? (startOf(node) ?? offset) : offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}

function printPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((printed, step) => {
    if (typeof step === "number") return `${printed}[${step}]`;
    return printed === "" ? String(step) : `${printed}.${String(step)}`;
  }, "");
}

function at(file: string, path: string, message: string): ConfigProblem {
  return { file, line: 1, column: 1, path, message };
}
