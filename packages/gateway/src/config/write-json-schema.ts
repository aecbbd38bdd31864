import { writeFileSync } from "node:fs";
import { configJsonSchema } from "./json-schema.ts";

/** Run by hand after the configuration's shape changed; the test beside it says so. */
writeFileSync(
  new URL("../../../../docs/chaperone.schema.json", import.meta.url),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
);
