import { DEMO_ASSISTANT } from "./demo-people.ts";
import { DEMO_PROJECT, type Demo } from "./environment.ts";

/** What a person can try now: an agent's snippet with a token that works, and how to approve. */
export async function nextSteps(demo: Demo, state: string): Promise<string> {
  const token = await demo.identityProvider.agentToken("care-summary-agent");
  const { url, storageUrl } = demo.gateway;
  return `
── Your turn

   Gateway   ${url}      BigQuery project ${DEMO_PROJECT}
   Storage Read API   ${storageUrl}   (gRPC without TLS; docs/storage-read.md)

   As an agent, paste into another terminal in this folder (the token works for an hour):

cat > agent.mjs <<'AGENT'
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: "${token}" });
const bigquery = new BigQuery({ projectId: "${DEMO_PROJECT}", apiEndpoint: "${url}", authClient });
const [rows] = await bigquery.query({ query: "SELECT full_name, ssn FROM ehr.patients LIMIT 3", defaultDataset: { datasetId: "ehr" }, labels: { purpose: "trying-it" } });
console.log(rows);
AGENT
npm exec -- node agent.mjs

   It waits. As the privacy officer (log in as Dana, in the browser), look and decide:

npm run chaperone -- login --gateway ${url}
npm run chaperone -- approvals list --gateway ${url}
npm run chaperone -- approvals show REQUEST --gateway ${url}
npm run chaperone -- approvals approve REQUEST --reason "..." --gateway ${url}

   As the auditor (log in as Avery):

npm run chaperone -- login --gateway ${url}
npm run chaperone -- sessions list --gateway ${url}
npm run chaperone -- audit verify --state ${state}

   As the administrator (log in as Sam), give an agent a key of its own:

npm run chaperone -- login --gateway ${url}
npm run chaperone -- agents add my-agent --sponsor sam.sponsor --sponsor-issuer ${demo.identityProvider.issuer} --group clinical-agents --kind self-signed --out my-agent.json --gateway ${url}
npm run chaperone -- agents list --gateway ${url}

   It prints how clients are pointed at the gateway; where it says https://chaperone.demo.example, which is nobody's, say ${url}
   (in a file of --kind key or token-file as well: token_uri, token_url and token_info_url).

   As a person for whom the agent asks (log in as Casey), get the token that the agent needs beside its own; docs/credentials.md goes on from there:

npm run chaperone -- login --issuer ${demo.identityProvider.issuer} --client-id ${DEMO_ASSISTANT.clientId} --token-file casey.json

   Ctrl-C stops everything.
`;
}
