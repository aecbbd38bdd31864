/** What rows are grouped by: names of the list and of FROM, and what may stand beside keys. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

table("a name of the list is what stands there, and the column that it hides decides too", [
  [
    "SELECT UPPER(ssn) AS a, COUNT(*) AS n FROM patients GROUP BY a",
    "a = transform ssn ? ssn",
    "n = aggregate * ? ssn",
  ],
  [
    "SELECT UPPER(ssn) AS name, COUNT(*) AS n FROM patients GROUP BY name",
    "name = transform ssn ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  ["SELECT ssn, COUNT(*) AS n FROM patients GROUP BY ssn", "ssn = copy ssn ? ssn", "n = aggregate * ? ssn"],
  ["SELECT name AS a, 'x' AS b FROM patients, (SELECT 1 AS b) GROUP BY a, b", "a = copy name ? name", "b = ? name"],
  // A name of the query around isn't hidden: it isn't meant here in any case.
  [
    "SELECT EXISTS(SELECT UPPER(b) AS ssn, COUNT(*) AS n FROM pair GROUP BY ssn) AS x FROM patients",
    "x = transform pair.*",
  ],
  [
    "SELECT ARRAY(SELECT AS STRUCT UPPER(b) AS ssn, COUNT(*) AS n FROM pair GROUP BY ssn) AS x FROM patients",
    "x = aggregate pair.*, transform pair.b ? pair.b",
  ],
  // Of columns without a name none is meant.
  [
    "SELECT UPPER(ssn), UPPER(name), state, COUNT(*) AS n FROM patients GROUP BY 1, 2, state",
    "f0_ = transform ssn ? name, ssn, state",
    "f1_ = transform name ? name, ssn, state",
    "state = copy state ? name, ssn, state",
    "n = aggregate * ? name, ssn, state",
  ],
]);

table("a field of a column in FROM", [
  [
    "SELECT address.zip, COUNT(*) AS n FROM patients GROUP BY address.zip",
    "zip = copy address.zip ? address.zip",
    "n = aggregate * ? address.zip",
  ],
  [
    "SELECT address.zip AS z, COUNT(*) AS n FROM patients GROUP BY address.zip",
    "z = copy address.zip ? address.zip",
    "n = aggregate * ? address.zip",
  ],
  // The alias is the column itself.
  [
    "SELECT address, COUNT(*) AS n FROM patients GROUP BY address, address.zip",
    "address = copy address.city, copy address.zip ? address.city, address.zip",
    "n = aggregate * ? address.city, address.zip",
  ],
]);

const REFUSED: Readonly<Record<string, RegExp>> = {
  "SELECT ssn AS x, name AS x, COUNT(*) AS n FROM patients GROUP BY x": /Alias x in GROUP BY is ambiguous/,
  "SELECT ssn AS address, COUNT(*) AS n FROM patients GROUP BY address.zip": /both a select alias and a name in FROM/,
  "SELECT p.address AS address, COUNT(*) AS n FROM patients p GROUP BY address.zip": /both a select alias/,
  "SELECT address.zip AS address, COUNT(*) AS n FROM patients GROUP BY address.zip": /both a select alias/,
  "SELECT visits AS address, COUNT(*) AS n FROM patients GROUP BY address.zip": /both a select alias/,
  "SELECT 1 AS address, COUNT(*) AS n FROM patients GROUP BY address.zip": /both a select alias/,
  "SELECT STRUCT(a AS zip) AS address, COUNT(*) AS n FROM pair GROUP BY address.zip": /A field of a select alias/,
  "SELECT ssn || name AS x, COUNT(*) AS n FROM patients GROUP BY ALL HAVING ssn = '1'": /ssn is neither grouped/,
  "SELECT ssn || name AS x, COUNT(*) AS n FROM patients GROUP BY ALL HAVING name = '1'": /name is neither grouped/,
  "SELECT COUNT(*) AS n, UPPER(name) AS y FROM patients GROUP BY ALL QUALIFY RANK() OVER (ORDER BY name) = 1":
    /name is neither/,
  "SELECT UPPER(ssn) AS x, COUNT(*) + id AS n FROM patients GROUP BY ALL": /id is neither grouped/,
  "SELECT ssn, COUNT(*) + id AS n FROM patients GROUP BY ALL": /id is neither grouped/,
  "SELECT COUNT(*) + id AS n, UPPER(ssn) AS x FROM patients GROUP BY ALL": /id is neither grouped/,
  "SELECT UPPER(ssn) AS x, COUNT(*) AS n FROM patients GROUP BY ALL ORDER BY ssn": /ssn is neither grouped/,
  // Without GROUP BY ALL a STRUCT whose fields stand in the list is no key.
  "SELECT address.*, COUNT(*) AS n FROM patients GROUP BY address.zip, address.city": /address is neither grouped/,
  "SELECT address.* EXCEPT (zip), COUNT(*) AS n FROM patients GROUP BY ALL HAVING address.zip = '1'":
    /address.zip is neither grouped/,
  "SELECT address.*, COUNT(*) AS n FROM patients GROUP BY ALL HAVING TO_JSON_STRING(address) = '1'":
    /address is neither grouped/,
  "SELECT address.*, COUNT(*) + id AS n FROM patients GROUP BY ALL": /id is neither grouped/,
  "SELECT STRUCT(ssn AS a, MAX(name) AS b).*, COUNT(*) AS n FROM patients GROUP BY ALL": /ssn is neither grouped/,
};

describe("GROUP BY refuses what isn't grouped, and what could mean either", () => {
  for (const [sql, message] of Object.entries(REFUSED))
    test(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});

table("GROUP BY ALL groups by what stands outside of aggregates", [
  [
    "SELECT ssn || name AS x, COUNT(*) AS n FROM patients GROUP BY ALL",
    "x = transform name, transform ssn ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  [
    "SELECT ssn, UPPER(name) AS y, id FROM patients GROUP BY ALL",
    "ssn = copy ssn ? id, name, ssn",
    "y = transform name ? id, name, ssn",
    "id = copy id ? id, name, ssn",
  ],
  [
    "SELECT UPPER(ssn) AS x, LOWER(name) AS y FROM patients GROUP BY ALL",
    "x = transform ssn ? name, ssn",
    "y = transform name ? name, ssn",
  ],
  ["SELECT COUNT(*) AS n FROM patients GROUP BY ALL", "n = aggregate *"],
  ["SELECT ssn, ssn || 'x' AS x FROM patients GROUP BY ALL", "ssn = copy ssn ? ssn", "x = transform ssn ? ssn"],
  [
    "SELECT p.*, UPPER(b) AS c FROM pair p GROUP BY ALL",
    "a = copy pair.a ? pair.a, pair.b",
    "b = copy pair.b ? pair.a, pair.b",
    "c = transform pair.b ? pair.a, pair.b",
  ],
  [
    "SELECT address.*, COUNT(*) AS n FROM patients GROUP BY ALL",
    "zip = copy address.zip ? address.city, address.zip",
    "city = copy address.city ? address.city, address.zip",
    "n = aggregate * ? address.city, address.zip",
  ],
  // As if the STRUCT as a whole were the key.
  [
    "SELECT p.address.* EXCEPT (zip), COUNT(*) AS n FROM patients p GROUP BY ALL",
    "city = copy address.city ? address.city, address.zip",
    "n = aggregate * ? address.city, address.zip",
  ],
  [
    "SELECT address.* REPLACE (UPPER(ssn) AS zip), COUNT(*) AS n FROM patients GROUP BY ALL",
    "zip = transform ssn ? address.city, address.zip, ssn",
    "city = copy address.city ? address.city, address.zip, ssn",
    "n = aggregate * ? address.city, address.zip, ssn",
  ],
  [
    "SELECT v.*, COUNT(*) AS n FROM patients, UNNEST(visits) AS v GROUP BY ALL",
    "code = copy visits.code ? visits, visits.code, visits.note, visits.seen",
    "seen = copy visits.seen ? visits, visits.code, visits.note, visits.seen",
    "note = copy visits.note ? visits, visits.code, visits.note, visits.seen",
    "n = aggregate *, aggregate visits ? visits, visits.code, visits.note, visits.seen",
  ],
  [
    "SELECT STRUCT(ssn AS a, UPPER(name) AS b).*, COUNT(*) AS n FROM patients GROUP BY ALL",
    "a = copy ssn ? name, ssn",
    "b = transform name ? name, ssn",
    "n = aggregate * ? name, ssn",
  ],
  // Of an aggregate the fields are none.
  [
    "SELECT ANY_VALUE(address).*, state FROM patients GROUP BY ALL",
    "zip = copy address.zip ? state",
    "city = copy address.city ? state",
    "state = copy state ? state",
  ],
]);
