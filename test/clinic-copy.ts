import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const CLINIC = resolve(import.meta.dirname, "../examples/clinic");

/** A copy of examples/clinic in a folder of its own, for a rig with other policies. */
export interface ClinicCopy {
  readonly folder: string;
  /** Rewrites one policy file, or adds it. */
  policy(file: string, text: (before: string) => string): void;
  /** Rewrites catalog.yaml. */
  catalog(text: (before: string) => string): void;
  remove(): void;
}

export function copyClinic(): ClinicCopy {
  const folder = mkdtempSync(join(tmpdir(), "chaperone-clinic-"));
  cpSync(CLINIC, folder, { recursive: true });
  return {
    folder,
    policy(file, text) {
      const path = join(folder, "policies", file);
      let before = "";
      try {
        before = readFileSync(path, "utf8");
      } catch {
        // A new file.
      }
      writeFileSync(path, text(before));
    },
    catalog(text) {
      const path = join(folder, "catalog.yaml");
      writeFileSync(path, text(readFileSync(path, "utf8")));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
