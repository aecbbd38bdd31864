import { figure, type Group, inPairs, percentile } from "../figure.ts";
import { startGatewayUnderTest } from "../gateway-under-test.ts";
import { HttpClient } from "../http-client.ts";
import { startProcess } from "../processes.ts";

const PROJECT = "demo-clinic";
const PATH = `/bigquery/v2/projects/${PROJECT}/queries`;
const REQUEST_BYTES = 1024;

/** 1 KB of jobs.query that asks for some 2 KB of public rows. Each is another statement: nothing remembered of one serves the next. */
function body(number: number): string {
  const text = (conditions: string) =>
    JSON.stringify({
      query: `SELECT c.day, c.department, c.beds, c.occupied, k.weekday, ${number} AS run
FROM \`${PROJECT}.ops.bed_census\` AS c JOIN \`${PROJECT}.ops.calendar\` AS k ON k.day = c.day
WHERE c.occupied <= c.beds AND NOT k.is_holiday${conditions} ORDER BY c.day, c.department LIMIT 16`,
      useLegacySql: false,
      useQueryCache: false,
    });
  let conditions = "";
  for (let i = 0; text(conditions).length < REQUEST_BYTES; i++) conditions += ` AND c.beds + ${i} > c.occupied`;
  return text(conditions);
}

export const smallQuery: Group = {
  name: "small-query",
  title: "one small query, jobs.query of 1 KB to 2 KB: through the gateway / straight to the warehouse",
  async measure(quick) {
    const warehouse = await startProcess("warehouse");
    const gateway = await startGatewayUnderTest(warehouse.url, PROJECT);
    const direct = new HttpClient(warehouse.url);
    const through = new HttpClient(gateway.url, { authorization: gateway.authorization });
    try {
      let number = 0;
      const timed = async (client: HttpClient) => {
        const text = body(number++);
        const began = performance.now();
        const answer = await client.post(PATH, text, true);
        const milliseconds = performance.now() - began;
        if (!answer.body.includes('"jobComplete":true')) throw new Error("the query was not answered at once");
        return milliseconds;
      };
      const [rounds, queries] = quick ? [3, 20] : [9, 50];
      const p50 = { ours: [] as number[], theirs: [] as number[] };
      const p95 = { ours: [] as number[], theirs: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        const { ours, theirs } = await inPairs(
          queries,
          round === 0 ? 40 : 0,
          () => timed(through),
          () => timed(direct),
        );
        p50.ours.push(percentile(ours, 50));
        p50.theirs.push(percentile(theirs, 50));
        p95.ours.push(percentile(ours, 95));
        p95.theirs.push(percentile(theirs, 95));
      }
      return [
        figure("small-query: p50", "ms", p50.ours, p50.theirs),
        figure("small-query: p95", "ms", p95.ours, p95.theirs),
      ];
    } finally {
      through.close();
      direct.close();
      await gateway.close();
      await warehouse.close();
    }
  },
};
