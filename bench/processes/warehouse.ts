/** The embedded warehouse with a small clinic. */
import { startWarehouse } from "../../packages/warehouse/src/index.ts";
import { serveParent } from "./child.ts";

const { url } = await startWarehouse({ patients: 100 });
serveParent(url);
