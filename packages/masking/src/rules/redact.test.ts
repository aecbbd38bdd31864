import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ruleContext } from "../rule-context.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { redact } from "./redact.ts";

const context = ruleContext({ rule: "redact" }, { keys: TEST_KEYS, now: TEST_NOW });
const redacted = (text: string) => redact.apply(text, "STRING", context);

describe("redact", () => {
  it("puts the class where the identifier stood, and leaves the rest as it is", () => {
    assert.equal(
      redacted(
        "Seen 3/5/2024 (MRN: 00123456). SSN 123-45-6780; call 312-555-0123 or j@example.org — E11.9, BP 120/80.",
      ),
      "Seen [DATE] (MRN: [MRN]). SSN [SSN]; call [PHONE] or [EMAIL] — E11.9, BP 120/80.",
    );
    assert.equal(
      redacted("no identifier, 5 µg, ½ tablet, 20 m², naïve 😀"),
      "no identifier, 5 µg, ½ tablet, 20 m², naïve 😀",
    );
    assert.equal(redacted(""), "");
  });
  it("sees through typeset dashes and spaces", () => {
    assert.equal(redacted("a 123–45–6780 b\u00a0312\u2011555\u20110123"), "a [SSN] b\u00a0[PHONE]");
  });
  it("sees through signs that look like those of ASCII", () => {
    for (const dash of ["\u00af", "\u02d7", "\u2043", "\u2796", "\u30fc", "\ufe63", "\u2212"])
      assert.equal(redacted(`a 123${dash}45${dash}6780`), "a [SSN]", JSON.stringify(dash));
    assert.equal(
      redacted("born 3\u20445\u20441950, 3\u22155\u22151950, 123\u280045\u28006780"),
      "born [DATE], [DATE], [SSN]",
    );
    assert.equal(redacted("jane\ufe6bx\u2024org, MRN\u2236 00123456"), "[EMAIL], MRN\u2236 [MRN]");
  });
  it("lets a picture be drawn as it likes", () => {
    assert.equal(redacted("\u2764\ufe0f 312-555-0123 \u260e\ufe0e"), "\u2764\ufe0f [PHONE] \u260e\ufe0e");
    assert.equal(redacted("x\ufe0f"), null);
  });
  it("sees through tabs and bullets between groups, and leaves them elsewhere", () => {
    assert.equal(redacted("a\t123\t45\t6780\tMRN:\t00123456"), "a\t[SSN]\tMRN:\t[MRN]");
    assert.equal(redacted("• 312•555•0123 · jane@example.org"), "• [PHONE] · [EMAIL]");
  });
  it("is NULL where HTML's, URLs' or JSON's escapes part a number, or stand for what it is made of", () => {
    for (const text of [
      "123&nbsp;45&nbsp;6780",
      "123&#8209;45&#x2011;6780",
      "123&ndash;45-6780",
      "born 3&#47;5&#47;1985",
      "MRN:&nbsp;00123456",
      "&#49;23-45-6780",
      "12&#x33;-45-6780",
      "jane&#64;example.org",
      "jane&#x0040;example.org",
      "jane&#64example.org",
      "jane&commat;example.org",
      "jane@example&period;org",
      "jane&amp;#64;example.org",
      "123&amp;nbsp;45&amp;nbsp;6780",
      "jane%40example.org",
      "312%2D555%2d0123",
      "born 3\\/5\\/1985",
      "jane\\u0040example.org",
    ])
      assert.equal(redacted(text), null, text);
    for (const text of [
      "a &lt; 5&gt;4 &amp; 3, don&#39;t, &#34;x&#x22;, caf&eacute;, R&D, AT&T; 50% of 40%, 5%, C:\\new",
      "no&nbsp;change, see&#160;below, 120/80",
    ])
      assert.equal(redacted(text), text);
    assert.equal(redacted("at https://x.org/?a=1&b=2%2D3"), null);
    assert.equal(redacted("at https://x.org/?a=1&b=2"), "at [URL]");
  });
  it("is NULL where an identifier may hide", () => {
    for (const text of [
      "123\u200b-45-6780",
      "１２３-４５-６７８０",
      "١٢٣-٤٥-٦٧٨٠",
      "¹²³-45-6780",
      "123\u0000-45-6780",
      "1\u03362\u03363-45-6780",
      "\u202e0876-54-321",
      "𝟏𝟐𝟑-45-6780",
      "12\u00ad3-45-6780",
      "123-\ufe0f45-6780",
      "123-\u034f45-6780",
      "123\u3164-45-6780",
      "123\u115f45\u115f6780",
      "AB\u034f1234563",
      "1\ufe0f\u20e32\ufe0f\u20e33",
      "\ud800",
    ])
      assert.equal(redacted(text), null, JSON.stringify(text));
  });
});
