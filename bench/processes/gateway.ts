/** A gateway as it runs in production. Argument: its chaperone.yaml. */
import { loadConfig, startGateway } from "../../packages/gateway/src/index.ts";
import { serveParent } from "./child.ts";

const { url, storageUrl } = await startGateway(loadConfig(process.argv[2] ?? "", { env: {} }));
serveParent(url, storageUrl);
