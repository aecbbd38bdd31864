/**
 * An agent of the demo, in a process of its own. It knows an endpoint, a project and a token, and uses the official
 * client unchanged. It writes one JSON line: the rows, or the error its client raised.
 */
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";

const { AGENT_ENDPOINT, AGENT_PROJECT, AGENT_TOKEN, AGENT_QUERY, AGENT_PURPOSE } = process.env;

const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: AGENT_TOKEN ?? "" });
const bigquery = new BigQuery({ projectId: AGENT_PROJECT ?? "", apiEndpoint: AGENT_ENDPOINT ?? "", authClient });

try {
  const labels = AGENT_PURPOSE === undefined ? {} : { labels: { purpose: AGENT_PURPOSE } };
  const [rows] = await bigquery.query({ query: AGENT_QUERY ?? "", ...labels });
  process.stdout.write(`${JSON.stringify({ rows })}\n`);
} catch (error) {
  const { code, message } = error as { code?: number; message?: string };
  process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
}
