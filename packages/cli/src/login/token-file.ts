import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { LoginError } from "./login-error.ts";

/** What a login leaves behind. */
export interface SavedLogin {
  readonly issuer: string;
  readonly clientId: string;
  /** Resource indicator (RFC 8707) the token was asked for, if any. */
  readonly resource?: string;
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly refreshToken?: string;
}

const MAX_BYTES = 65_536;

/** `$XDG_CONFIG_HOME/chaperone/login.json`, by default under `~/.config` (XDG Base Directory Specification: a relative path is ignored). */
export function defaultTokenFile(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CONFIG_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".config"), "chaperone", "login.json");
}

/** Writes the file for its owner alone (0600), in one step: a reader finds the old login or the new one. */
export async function saveLogin(file: string, login: SavedLogin): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(login, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** @throws LoginError `login_required` if there is no login, `file` if others can read it or it isn't one. */
export async function readLogin(file: string): Promise<SavedLogin> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT")
      throw new LoginError(
        "login_required",
        "You aren't logged in; run `chaperone login` (here: npm run chaperone -- login --gateway URL).",
      );
    throw new LoginError("file", `The token file ${file} can't be opened (${error.code}).`);
  });
  try {
    const { mode, size } = await handle.stat();
    // Windows has no such bits.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new LoginError(
        "file",
        `Others can read the token file ${file}; run \`chmod 600\` on it, or log in again if they may have.`,
      );
    }
    const login = size <= MAX_BYTES ? parse(await handle.readFile("utf8")) : undefined;
    if (login === undefined) throw new LoginError("file", `${file} holds no login; remove it and log in again.`);
    return login;
  } finally {
    await handle.close();
  }
}

function parse(text: string): SavedLogin | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const {
    issuer,
    clientId,
    resource,
    accessToken,
    expiresAt,
    refreshToken,
  }: Partial<Record<keyof SavedLogin, unknown>> = value;
  if (typeof issuer !== "string" || typeof clientId !== "string" || typeof accessToken !== "string") return undefined;
  if (typeof expiresAt !== "number") return undefined;
  return {
    issuer,
    clientId,
    accessToken,
    expiresAt,
    ...(typeof resource === "string" ? { resource } : {}),
    ...(typeof refreshToken === "string" ? { refreshToken } : {}),
  };
}
