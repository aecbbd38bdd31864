import { figure, type Group, inPairs } from "../figure.ts";
import { startGatewayUnderTest } from "../gateway-under-test.ts";
import { HttpClient } from "../http-client.ts";
import { pinToOneCore, type ServerProcess, startProcess } from "../processes.ts";
import { WIDE_DATASET, WIDE_PROJECT, WIDE_ROWS, WIDE_TABLE, widePage } from "../wide-page.ts";

const BASE = `/bigquery/v2/projects/${WIDE_PROJECT}`;
const SQL = `SELECT * FROM \`${WIDE_PROJECT}.${WIDE_DATASET}.${WIDE_TABLE}\``;

interface Run {
  readonly megabytesPerSecond: number;
  readonly cpuSeconds: number;
}

export const maskedPage: Group = {
  name: "masked-page",
  title: "a page of 10 MB: identified, judged, recorded, 3 of 10 columns masked / passed through as it is",
  async measure(quick) {
    const upstream = await startProcess("fixed-warehouse");
    const passThrough = await startProcess("pass-through", [upstream.url]);
    const gateway = await startGatewayUnderTest(upstream.url, WIDE_PROJECT);
    // The same core for both, which take turns: more cores help neither.
    pinToOneCore(passThrough);
    pinToOneCore(gateway);
    const plain = new HttpClient(passThrough.url);
    const masked = new HttpClient(gateway.url, { authorization: gateway.authorization });
    try {
      const megabytes = widePage().length / 1e6;
      const asked = JSON.stringify({ query: SQL, useLegacySql: false, maxResults: 0 });
      const { body } = await masked.post(`${BASE}/queries`, asked, true);
      const { jobReference } = JSON.parse(body) as { jobReference: { jobId: string } };
      const path = `${BASE}/queries/${jobReference.jobId}?maxResults=${WIDE_ROWS}`;
      const timed = async (client: HttpClient, server: ServerProcess): Promise<Run> => {
        const cpu = await server.cpuSeconds();
        const began = performance.now();
        const { bytes } = await client.get(path);
        const seconds = (performance.now() - began) / 1000;
        if (bytes < megabytes * 0.5e6) throw new Error(`a page of ${bytes} bytes is not the whole page`);
        return {
          megabytesPerSecond: megabytes / seconds,
          cpuSeconds: (await server.cpuSeconds()) - cpu,
        };
      };
      const { ours, theirs } = await inPairs(
        quick ? 7 : 31,
        5,
        () => timed(masked, gateway),
        () => timed(plain, passThrough),
      );
      const rate = (runs: readonly Run[]) => runs.map((run) => run.megabytesPerSecond);
      const cpu = (runs: readonly Run[]) => runs.map((run) => megabytes / run.cpuSeconds);
      return [
        figure("masked-page: throughput", "MB/s", rate(ours), rate(theirs)),
        figure("masked-page: per processor second", "MB/cpu s", cpu(ours), cpu(theirs), 0.4),
      ];
    } finally {
      masked.close();
      plain.close();
      await gateway.close();
      await passThrough.close();
      await upstream.close();
    }
  },
};
