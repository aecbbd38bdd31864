import { type Detector, whole } from "./detector.ts";

/** DEA registration numbers: (d1+d3+d5) + 2·(d2+d4+d6) ends in d7. */
export const dea: Detector = {
  kind: "DEA",
  pattern: String.raw`(?<![A-Za-z0-9])[A-HJ-MPR-UXa-hj-mpr-ux][A-Za-z9]\d{7}(?!\d)`,
  accept: whole((matched) => {
    const d = [...matched.slice(2)].map(Number) as [number, number, number, number, number, number, number];
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 === d[6];
  }),
};
