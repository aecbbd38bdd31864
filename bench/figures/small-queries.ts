import { type Figure, figure, type Group, inPairs } from "../figure.ts";
import { startGatewayUnderTest } from "../gateway-under-test.ts";
import { HttpClient } from "../http-client.ts";
import { pinToOneCore, type ServerProcess, startProcess } from "../processes.ts";
import { WIDE_DATASET, WIDE_PROJECT, WIDE_TABLE } from "../wide-page.ts";

const PATH = `/bigquery/v2/projects/${WIDE_PROJECT}/queries`;
const AT_ONCE = 64;
const ROWS = 9;
/**
 * Queries of each client before any is measured, on both sides alike: a server that has run for an hour has compiled what it runs, and a gateway has a hundred times the code of the
 * proxy. After 20,000 in all most of that is done; alone and without a pause, a gateway still became faster until some 60,000.
 */
const WARM_UP = 320;
const REQUEST_BYTES = 1024;

/** Always the same statement, so that its analysis is remembered. */
function body(): string {
  const text = (conditions: string) =>
    JSON.stringify({
      query: `SELECT * FROM \`${WIDE_PROJECT}.${WIDE_DATASET}.${WIDE_TABLE}\` AS w WHERE w.active${conditions}`,
      useLegacySql: false,
    });
  let conditions = "";
  for (let i = 0; text(conditions).length < REQUEST_BYTES; i++) conditions += ` AND w.score < ${i + 1000}`;
  return text(conditions);
}

interface Run {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

export const smallQueries: Group = {
  name: "small-queries",
  title:
    "small queries, 64 at once, 1 KB to 2 KB, three columns masked: through the gateway / passed through as they are",
  async measure(quick): Promise<readonly Figure[]> {
    const upstream = await startProcess("fixed-warehouse", [String(ROWS)]);
    const passThrough = await startProcess("pass-through", [upstream.url]);
    const gateway = await startGatewayUnderTest(upstream.url, WIDE_PROJECT);
    pinToOneCore(passThrough);
    pinToOneCore(gateway);
    const clients = (url: string, headers = {}) => Array.from({ length: AT_ONCE }, () => new HttpClient(url, headers));
    const plain = clients(passThrough.url);
    const masked = clients(gateway.url, { authorization: gateway.authorization });
    const asked = body();
    const timed = async (side: readonly HttpClient[], server: ServerProcess, each: number): Promise<Run> => {
      const cpu = await server.cpuSeconds();
      const began = performance.now();
      await Promise.all(
        side.map(async (client) => {
          for (let i = 0; i < each; i++) {
            const { body: answer } = await client.post(PATH, asked, true);
            if (!answer.includes('"jobComplete":true')) throw new Error("the query was not answered at once");
          }
        }),
      );
      const seconds = (performance.now() - began) / 1000;
      const count = side.length * each;
      return { perSecond: count / seconds, perCpuSecond: count / ((await server.cpuSeconds()) - cpu) };
    };
    try {
      await timed(masked, gateway, quick ? WARM_UP / 4 : WARM_UP);
      await timed(plain, passThrough, quick ? WARM_UP / 4 : WARM_UP);
      const { ours, theirs } = await inPairs(
        quick ? 3 : 9,
        1,
        () => timed(masked, gateway, quick ? 10 : 40),
        () => timed(plain, passThrough, quick ? 20 : 80),
      );
      const of = (runs: readonly Run[], what: keyof Run) => runs.map((run) => run[what]);
      return [
        figure("small-queries: 64 at once", "/s", of(ours, "perSecond"), of(theirs, "perSecond"), 0.5),
        figure("small-queries: per processor second", "/cpu s", of(ours, "perCpuSecond"), of(theirs, "perCpuSecond")),
      ];
    } finally {
      for (const client of [...plain, ...masked]) client.close();
      await gateway.close();
      await passThrough.close();
      await upstream.close();
    }
  },
};
