import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { detect } from "./detect.ts";
import type { IdentifierKind } from "./detector.ts";

const found = (text: string) => detect(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
const LEAD = ["", "seen ", "SSN:", "(", "\n", "é"];
const TAIL = ["", " today", ".", ", ", ")", "\n", "é"];

/** Each is found as a whole, whatever stands around it. */
function finds(kind: IdentifierKind, ...identifiers: readonly string[]): void {
  // Of an address a letter of any script is a part.
  const isApart = (beside: string) => kind !== "EMAIL" || beside !== "é";
  for (const identifier of identifiers)
    for (const lead of LEAD.filter(isApart))
      for (const tail of TAIL.filter(isApart))
        assert.deepEqual(found(lead + identifier + tail), [`${kind} ${identifier}`], lead + identifier + tail);
}
const nothing = (...texts: readonly string[]) => {
  for (const text of texts) assert.deepEqual(found(text), [], text);
};

describe("detectors", () => {
  it("SSN: area, group and serial that are issued, delimiters all alike", () => {
    finds("SSN", "123 - 45 - 6780", "123_45_6780");
    finds("SSN", "123-45-6780", "899 12 3456", "001.01.0001", "665998888");
    nothing("000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "123-45 6780", "1234-56-7890");
    nothing("078-05-1120", "219-09-9999", "123-45-6789", "123456789", "9123-45-6780", "123-45-67801");
  });
  it("MBI: letters and digits in their places, no S, L, O, I, B, Z", () => {
    finds("MBI", "1EG4-TE5-MK73", "1EG4TE5MK73", "9aa0aa0aa00");
    nothing("0EG4TE5MK73", "1SG4TE5MK73", "1EG4TE5MK7", "1EG4TE5MK733", "1EG4-TE5MK73");
  });
  it("NPI: Luhn over 80840", () => {
    finds("NPI", "1234567893");
    assert.deepEqual(found("1234567890"), []);
    assert.deepEqual(found("123456789333"), []);
  });
  it("DEA: its check digit", () => {
    finds("DEA", "AB1234563", "F91234563");
    nothing("AB1234567", "NB1234563", "XAB1234563");
  });
  it("VIN: its check digit", () => {
    finds("VIN", "1HGCM82633A004352", "1M8GDM9AXKP042788");
    nothing("1HGCM82643A004352", "1HGCM82633A00435", "IHGCM82633A004352", "ABCDEFGHJKLMNPRST");
  });
  it("cards: Luhn, in the groups they are printed in", () => {
    finds(
      "CARD",
      "4111 1111 1111 1111",
      "4111_1111_1111_1111",
      "4111111111111111",
      "5555-5555-5555-4444",
      "3782 822463 10005",
      "378282246310005",
    );
    assert.deepEqual(found("4111 1111 1111 1111 12/27"), ["CARD 4111 1111 1111 1111"]);
    nothing("4111 1111 1111 1112", "4111-1111 1111-1111", "14111111111111111");
  });
  it("telephones", () => {
    finds("PHONE", "(312) 555-0123", "312-555-0123", "312.555.0123", "3125550123", "+1 312 555 0123", "1-312-555-0123");
    finds(
      "PHONE",
      "312 - 555 - 0123",
      "(312) 555 - 0123",
      "312555 - 0123",
      "1312 - 555-0123",
      "312_555_0123",
      "555_0123",
    );
    for (const said of ["Call 555 0123", "tel.: 555 0123", "FAX no. 555 0123", "can be reached at 555 0123"])
      assert.deepEqual(found(said), ["PHONE 555 0123"], said);
    nothing("recall 555 0123", "glucose 250 1200", "range 250 - 1200", "call 55 0123", "call 555 01234");
    finds("PHONE", "(312)-555-0123", "1 (312)-555-0123", "(312) - 555-0123");
    finds("PHONE", "555-0123", "+49 30 901820", "+44 20 7946 0958");
    finds("PHONE", "+33 1 23 45 67 89", "+33 (0)1 23 45 67 89", "+81-3-1234-5678", "+61 2 9374 4000", "+390612345678");
    finds("PHONE", "+44 (0)20 7946 0958", "+49 (30) 901820", "+49 30/901820", "+55 11 9 8765-4321", "+30.210.1234567");
    assert.deepEqual(found("+44 20 7946 0958 2024-03-05, +1 312 555 0123 5 mg, +33 1 23 45 67 89 1200 1300"), [
      "PHONE +44 20 7946 0958",
      "DATE 2024-03-05",
      "PHONE +1 312 555 0123",
      "PHONE +33 1 23 45 67 89 1200",
    ]);
    nothing("+1234567", "+1.5 2.5 3.5 4.5 5.5", "+12345678901234567890", "+2 +3 +44 mmHg");
    nothing("312-155-0123", "+12", "120/80", "98.6");
  });
  it("addresses of email, web and internet", () => {
    finds("EMAIL", "jane.doe+x@mail.example.org", "o'neil@example.co", "jörg@example.org", "a#b/c=d@x.org");
    finds("EMAIL", "jane@müller.de", "山田@example.co.jp", "ja\u0301ne@x.org", "jane@почта.рф");
    assert.deepEqual(found("jane@example.org5550123 a@x.org2024-03-05 a@x.c0m"), [
      "EMAIL jane@example.org5550123",
      "EMAIL a@x.org2024",
      "EMAIL a@x.c0m",
    ]);
    nothing("2 tabs@1.5mg", "12@4.5");
    finds("EMAIL", "a@x.org/b@y.org", "a@x.org|b@y.org", "a@x.org-b@y.org.c@z.org");
    assert.deepEqual(found("a@x/b@y.org, a@x.o/b@y.org;c@z.org"), [
      "EMAIL x/b@y.org",
      "EMAIL x.o/b@y.org",
      "EMAIL c@z.org",
    ]);
    assert.deepEqual(found("“jane@example.org”, «o.k@x.org»…"), ["EMAIL jane@example.org", "EMAIL o.k@x.org"]);
    assert.deepEqual(found("(https://portal.example.org/p?id=7), www.example.org. HTTP://x.y"), [
      "URL https://portal.example.org/p?id=7",
      "URL www.example.org",
      "URL HTTP://x.y",
    ]);
    finds("IP", "192.168.0.1", "2001:db8::8a2e:370:7334", "fe80::1", "1:2:3:4:5:6:7:8");
    finds("IP", "::ffff:192.168.0.1", "0:0:0:0:0:ffff:192.168.0.1", "64:ff9b::1.2.3.4");
    assert.deepEqual(found("Code:2001:db8::1: down, :fe80::1"), ["IP 2001:db8::1", "IP fe80::1"]);
    nothing(
      "jane@localhost",
      "@example.org",
      "256.1.1.1",
      "1.2.3",
      "1.2.3.4.5",
      "10:30:45",
      "std::vector",
      "12:30",
      "a:b",
      "www.",
    );
  });
  it("dates that say more than the year", () => {
    finds("DATE", "2024_03_05", "3_5_2024");
    finds("DATE", "2024-03", "2024/12", "03-2024", "Jul-04-1985", "Jul/4/85", "4/July/1985", "May-2024", "Sept/05");
    finds("DATE", "19850305", "03051985", "31121999", "20031985", "1985030515", "202403051430", "20240305143000");
    assert.deepEqual(found("MSH|^~\\&|A|B|C|D|20240305101010.123-0500||ADT\rPID|1||X||19850305|F"), [
      "DATE 20240305101010",
      "DATE 19850305",
    ]);
    nothing("13131999", "00051985", "03052185", "20243105", "202413051430", "202403052460", "20240305146000");
    nothing("20240305143061", "1985030524", "20240305143", "2024030514300", "202403051430001");
    finds("DATE", "85-03-31", "99/12/31", "30.1.15");
    nothing("85-13-05", "99/12/32", "99/0/12");
    finds("DATE", "March of 2024", "MARCH THE 5TH", "Mar. the 5", "may of 1985", "March the  5th, 2024");
    nothing("March offset 5", "May then 5");
    nothing("2019-20", "2024-13", "13-2024", "120-2019", "Marx-05");
    finds("DATE", "2024-03-05", "3/5/24", "03/05/2024", "13/5/2024", "5.3.2024", "20240305", "03/2024", "2024/3/5");
    finds(
      "DATE",
      "March 5, 2024",
      "Mar 5",
      "mar. 5th",
      "Sept 2024",
      "5 March 2024",
      "5-Mar-2024",
      "5th of May, 2024",
      "May 31",
    );
    nothing("2024", "13/13/2024", "00/00/2024", "20241305", "120/80", "3/5", "may have 200", "Mars 5", "version 3.2");
  });
  it("record numbers behind their word", () => {
    assert.deepEqual(found("MRN: 00123456"), ["MRN 00123456"]);
    assert.deepEqual(found("mrn AB-123456, medical record number #778899"), ["MRN AB-123456", "MRN 778899"]);
    assert.deepEqual(found("Chart no. 4455, account 998877; Patient ID: P12345"), [
      "MRN 4455",
      "MRN 998877",
      "MRN P12345",
    ]);
    for (const word of [
      "MRN#: ",
      "mrn # : ",
      "MRN number: ",
      "MRN No. ",
      "MRN (",
      "MRN - ",
      "MR#",
      "MR #: ",
      "Medical Record #: ",
    ])
      assert.deepEqual(found(`${word}00123456`), ["MRN 00123456"], word);
    for (const word of [
      "Acct #: ",
      "Account No.: ",
      "Acct. num. = #",
      "Patient ID #: ",
      "Patient no. ",
      "patient number is (",
      "Chart No: ",
    ])
      assert.deepEqual(found(`${word}AB-1234`), ["MRN AB-1234"], word);
    for (const written of [
      `{"mrn":"00123456"}`,
      `{"mrn": 00123456}`,
      `{'patient_id' : '00123456'}`,
      `"medical_record_number": "00123456"`,
      `patientId='00123456'`,
      `MRN: ["00123456"]`,
      "MRN_00123456",
      "acct_no=00123456",
    ])
      assert.deepEqual(found(written), ["MRN 00123456"], written);
    nothing("room 4455", "MRN: 123", "chart of 2 pages", "Mr 4455", "Mr. 4455", "mrn : : : 4455");
  });
  it("leave ICD-10 codes and measurements alone", () => {
    nothing(
      "E11.9, I10, Z79.4, S52.501A; BP 120/80, HR 72, T 98.6 F, SpO2 97 %, 500 mg b.i.d., WBC 11.2 x 10^9/L, G2P1",
    );
  });
  it("find an address behind something else that was found, whatever part of an address that may be", () => {
    for (const before of [
      "(312) 555-0123",
      "+1 312 555 0123",
      "MRN #00123456",
      "5 March 2024",
      "SSN: 123 45 6780",
      "http://a",
    ])
      for (const between of ["/", "-", "|", "'", "=", "~", "/x."]) {
        const text = `${before}${between}jane@example.org, `;
        const rest = found(text).reduce((left, hit) => left.replace(hit.slice(hit.indexOf(" ") + 1), ""), text);
        assert.ok(!rest.includes("jane"), text);
      }
    assert.deepEqual(found("(312) 555-0123/a@x.org/(312) 555-0123"), [
      "PHONE (312) 555-0123",
      "EMAIL /a@x.org",
      "PHONE (312) 555-0123",
    ]);
  });
  it("name the longer of two at one place, and go on behind it", () => {
    assert.deepEqual(found("2024-03-05 12:00, 123-45-6780 and 312-555-0123"), [
      "DATE 2024-03-05",
      "SSN 123-45-6780",
      "PHONE 312-555-0123",
    ]);
  });
});
