import { z } from "zod";
import { configFile } from "./file.ts";

/**
 * JSON Schema (2020-12) of chaperone.yaml, for editors. Published as docs/chaperone.schema.json;
 * `# yaml-language-server: $schema=…` in the file's first line points an editor to it.
 * What it can't say (bounds of durations, checks between sections) loadConfig still refuses.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configFile, { io: "input", target: "draft-2020-12" });
  return { title: "chaperone.yaml", ...(JSON.parse(JSON.stringify(schema)) as Record<string, unknown>) };
}
