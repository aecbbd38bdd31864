/** A procedure that calls itself is analysed until a round says nothing new. */
import { scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";
const CAST = "SELECT CAST(ssn AS INT64) FROM patients";

scriptTable("a procedure that calls itself tells", [
  // What stands behind its own call.
  [
    `DECLARE v STRING; CREATE PROCEDURE ehr.p(INOUT o STRING, again BOOL)
       BEGIN IF again THEN CALL ehr.p(o, FALSE); SET o = ${SSN}; END IF; END; CALL ehr.p(v, TRUE); SELECT v`,
    "v = copy ssn",
  ],
  // What comes to an argument one call later each, and is nothing behind the call.
  [
    `DECLARE v STRING DEFAULT 'x'; CREATE PROCEDURE ehr.p(a STRING, b STRING, c STRING, d STRING, e STRING, f STRING, INOUT o STRING)
       BEGIN
         SET o = f;
         IF RAND() > 0.5 THEN CALL ehr.p('x', a, b, c, d, e, o); END IF;
         SET a = 'x'; SET b = 'x'; SET c = 'x'; SET d = 'x'; SET e = 'x'; SET f = 'x';
       END;
     CALL ehr.p(${SSN}, 'x', 'x', 'x', 'x', 'x', v); SELECT v`,
    "v = copy ssn",
  ],
  // And to a result.
  [
    `DECLARE a, b, c, d, e STRING; CREATE PROCEDURE ehr.p(INOUT a STRING, INOUT b STRING, INOUT c STRING, INOUT d STRING, INOUT e STRING, n INT64)
       BEGIN IF n > 0 THEN CALL ehr.p(a, b, c, d, e, n - 1); SET e = d; SET d = c; SET c = b; SET b = a; SET a = ${SSN}; END IF; END;
     CALL ehr.p(a, b, c, d, e, 5); SELECT e`,
    "e = copy ssn",
  ],
  // And to what it leaves where it fails, which is nothing of what it gives.
  [
    `DECLARE a, b, c, d, e STRING; CREATE PROCEDURE ehr.p(INOUT a STRING, INOUT b STRING, INOUT c STRING, INOUT d STRING, INOUT e STRING)
       BEGIN
         BEGIN CALL ehr.p(a, b, c, d, e); EXCEPTION WHEN ERROR THEN SET e = d; SET d = c; SET c = b; SET b = a; END;
         SET a = ${SSN}; SELECT a FROM pair; SET a = 'x'; SET b = 'x'; SET c = 'x'; SET d = 'x'; SET e = 'x';
       END;
     BEGIN CALL ehr.p(a, b, c, d, e); EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT e`,
    "e = copy ssn",
  ],
  // What its RETURN leaves, which the next of its calls passes on.
  [
    `DECLARE v, w STRING; CREATE PROCEDURE ehr.p(INOUT o STRING, INOUT r STRING, n INT64)
       BEGIN IF n > 0 THEN CALL ehr.p(o, r, n - 1); SET r = o; SET o = ${SSN}; RETURN; END IF; END; CALL ehr.p(v, w, 3); SELECT w`,
    "w = copy ssn",
  ],
  // It is called in a block that handles what fails, though not at first.
  [
    `DECLARE v STRING; CREATE PROCEDURE ehr.p(INOUT o STRING, again BOOL)
       BEGIN IF again THEN BEGIN CALL ehr.p(o, FALSE); EXCEPTION WHEN ERROR THEN SET o = 'caught'; END; ELSE ${CAST}; END IF; END;
     CALL ehr.p(v, TRUE); SELECT v`,
    "v = ? *, ssn",
  ],
  // What its own call had done where it failed.
  [
    `DECLARE v, w STRING; CREATE PROCEDURE ehr.p(INOUT o STRING, INOUT r STRING, n INT64)
       BEGIN BEGIN IF n > 0 THEN CALL ehr.p(o, r, n - 1); END IF; SET o = ${SSN}; SELECT 1 / 0; SET o = 'x';
         EXCEPTION WHEN ERROR THEN SET r = o; END; SET o = 'x'; END;
     CALL ehr.p(v, w, 3); SELECT w`,
    "w = copy ssn",
  ],
  // The message of the error that it failed by, however deep.
  [
    `DECLARE m STRING; CREATE PROCEDURE ehr.p(n INT64) BEGIN IF n > 0 THEN CALL ehr.p(n - 1); ELSE ${CAST}; END IF; END;
     BEGIN CALL ehr.p(2); EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m`,
    "m = transform *, transform ssn ? *, ssn",
  ],
]);
