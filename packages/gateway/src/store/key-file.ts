import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "./errors.ts";

/** Most bytes of a key file (I10). */
const MAX_KEY_FILE = 4096;

/** A key file's bytes, or undefined when there is none. Throws StoreError "key" for a file that others may read. */
export function readKeyFile(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw new StoreError("key", `the key file ${path} can't be read (${codeOf(error)})`);
  }
  try {
    // Asked of the open file, not of the path, which might be exchanged in between.
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_KEY_FILE) throw new StoreError("key", `${path} is not a key file`);
    if (process.platform !== "win32" && (stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw new StoreError(
        "key",
        `the key file ${path} has mode ${mode}: make it readable by its owner alone (chmod 600)`,
      );
    }
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a new key file, durable and with mode 0600 before its name exists, so that no crash leaves half a key. */
export function createKeyFile(path: string, content: Uint8Array | string): void {
  const part = `${path}.new`;
  const fd = openSync(part, "w", 0o600);
  try {
    chmodSync(part, 0o600);
    writeSync(fd, typeof content === "string" ? Buffer.from(content) : content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, path);
  const directory = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function isCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
