import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AnswerHeaders, AnswerReader, BrokenAnswer } from "./answer-reader.ts";

interface Heard {
  readonly heads: (readonly [status: number, headers: AnswerHeaders])[];
  body: string;
  readonly reader: AnswerReader;
}

function heard(): Heard {
  const all: Heard = {
    heads: [],
    body: "",
    reader: new AnswerReader({
      head: (status, headers) => all.heads.push([status, headers]),
      data: (bytes) => {
        all.body += bytes.toString("latin1");
      },
    }),
  };
  all.reader.begin();
  return all;
}

const bytes = (text: string) => Buffer.from(text, "latin1");
const SIZED = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 5\r\n\r\nabcde";
const CHUNKED =
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0A;name=value\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n";
const CONTINUED = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${SIZED}`;

describe("an answer", () => {
  for (const [what, text, body] of [
    ["of a known length", SIZED, "abcde"],
    ["in chunks", CHUNKED, "ab0123456789"],
    ["behind others that are not final", CONTINUED, "abcde"],
    ["without a body", "HTTP/1.1 204 No Content\r\n\r\n", ""],
    ["of length 0", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ""],
    ["that is as asked before, with its length", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", ""],
  ] as const)
    it(`(${what}) is the same however it is cut`, () => {
      for (let cut = 0; cut <= text.length; cut++) {
        const all = heard();
        const early = all.reader.push(bytes(text.slice(0, cut)));
        assert.equal(early, cut === text.length);
        if (!early) assert.equal(all.reader.push(bytes(text.slice(cut))), true, `cut at ${cut}`);
        assert.equal(all.body, body);
        assert.equal(all.heads.length, 1);
      }
      const single = heard();
      for (const [at, one] of [...text].entries())
        assert.equal(single.reader.push(bytes(one)), at === text.length - 1, `at ${at}`);
      assert.equal(single.body, body);
    });

  it("tells what of its head is used, by names in lower case and values without the space around them", () => {
    const all = heard();
    all.reader.push(
      bytes("HTTP/1.1 200\r\nCONTENT-TYPE:  application/json \t\r\nX-Other: 1\r\nContent-Length: 0\r\n\r\n"),
    );
    assert.deepEqual(all.heads, [[200, { "content-type": "application/json", "content-length": "0" }]]);
  });

  it("that says no end has it where the connection does, and only such a one", () => {
    const all = heard();
    assert.equal(all.reader.push(bytes("HTTP/1.1 400 Bad\r\n\r\nab")), false);
    assert.equal(all.reader.push(bytes("cd")), false);
    assert.equal(all.reader.end(), true);
    assert.equal(all.body, "abcd");
    for (const text of [SIZED, CHUNKED])
      for (let cut = 0; cut < text.length; cut++) {
        const half = heard();
        half.reader.push(bytes(text.slice(0, cut)));
        assert.equal(half.reader.end(), false, `cut at ${cut}`);
      }
  });

  it("that isn't wanted any more gives nothing more, also of what was read with it", () => {
    const given: string[] = [];
    const reader = new AnswerReader({
      head: () => undefined,
      data: (piece) => {
        given.push(piece.toString());
        reader.stop();
      },
    });
    reader.begin();
    reader.push(bytes(CHUNKED));
    assert.deepEqual(given, ["ab"]);
    assert.equal(reader.isOpen, false);
  });
});

describe("how long a connection is kept", () => {
  const kept = (headers: string, version = "1.1", behind = "") => {
    const { reader } = heard();
    assert.equal(reader.push(bytes(`HTTP/${version} 200 OK\r\ncontent-length: 0\r\n${headers}\r\n${behind}`)), true);
    return reader.keptMs;
  };

  it("is what the other side says, and somewhat less", () => {
    assert.equal(kept(""), undefined);
    assert.equal(kept("keep-alive: timeout=10, max=5\r\n"), 8000);
    assert.equal(kept("keep-alive: max=5, timeout=1\r\n"), 0);
    assert.equal(kept("keep-alive: timeout=999999\r\n"), 300_000);
    assert.equal(kept("keep-alive: soon\r\n"), undefined);
  });

  it("is no time behind an answer that closes it, one of HTTP/1.0, and one behind which more came", () => {
    assert.equal(kept("connection: close\r\n"), 0);
    assert.equal(kept("connection: x\r\nconnection: Close\r\n"), 0);
    assert.equal(kept("connection: x, close ,y\r\nkeep-alive: timeout=60\r\n"), 0);
    assert.equal(kept("connection: closed\r\n"), undefined);
    assert.equal(kept("", "1.0"), 0);
    assert.equal(kept("", "1.1", "HTTP/1.1 200 OK\r\n\r\n"), 0);
  });
});

describe("what isn't an answer is refused, however it is cut:", () => {
  const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`;
  for (const [what, text] of [
    ["another protocol", "HTTP/2 200 OK\r\n\r\n"],
    ["no status", "HTTP/1.1 2x0 OK\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["lines before the head", `\r\n${SIZED}`],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["two lengths", head("content-length: 5\r\ncontent-length: 6")],
    ["the same length twice", head("content-length: 5\r\nContent-Length: 5")],
    ["a list of lengths", head("content-length: 5, 5")],
    ["a negative length", head("content-length: -1")],
    ["a length with a sign", head("content-length: +5")],
    ["a length in hex", head("content-length: 0x5")],
    ["an empty length", head("content-length: ")],
    ["a length that no number holds", head("content-length: 9999999999999999")],
    ["length and chunks", head("content-length: 5\r\ntransfer-encoding: chunked")],
    ["chunks in a coding", head("transfer-encoding: gzip, chunked")],
    ["another coding", head("transfer-encoding: identity")],
    ["chunks twice", head("transfer-encoding: chunked\r\ntransfer-encoding: chunked")],
    ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"],
    ["two types", head("content-type: application/json\r\ncontent-type: text/html")],
    ["a name with a space behind it", head("content-length : 5")],
    ["a name with a space before it", head("x: 1\r\n content-length: 5")],
    ["a line that goes on", head("x: 1\r\n\tcontent-length: 5")],
    ["a line without a colon", head("content-length 5")],
    ["a name that is empty", head(": 5")],
    ["a lone CR", head("x: 1\rcontent-length: 5")],
    ["a lone LF", head("x: 1\ncontent-length: 5")],
    ["a NUL", head("x: \0")],
    ["a chunk without a size", `${head("transfer-encoding: chunked")};a\r\n`],
    ["a size with a sign", `${head("transfer-encoding: chunked")}+1\r\n`],
    ["a size in 0x", `${head("transfer-encoding: chunked")}0x1\r\n`],
    ["a size with a space before it", `${head("transfer-encoding: chunked")} 1\r\n`],
    ["a size that is too large", `${head("transfer-encoding: chunked")}100000000\r\n`],
    ["a size that ends in LF alone", `${head("transfer-encoding: chunked")}1\n`],
    ["a chunk that is longer than its size", `${head("transfer-encoding: chunked")}1\r\nab\r\n`],
    ["a trailer that is no header", `${head("transfer-encoding: chunked")}0\r\nno colon\r\n`],
    ["a size line without an end", `${head("transfer-encoding: chunked")}1;${"a".repeat(2000)}`],
  ] as const)
    it(what, () => {
      for (let cut = 0; cut < text.length; cut += text.length > 500 ? 100 : 1)
        assert.throws(() => {
          const { reader } = heard();
          reader.push(bytes(text.slice(0, cut)));
          reader.push(bytes(text.slice(cut)));
        }, BrokenAnswer);
    });

  it("a head, or trailers, without an end", () => {
    for (const begins of ["HTTP/1.1 200 OK\r\n", `${head("transfer-encoding: chunked")}0\r\n`])
      for (const piece of ["x: 1\r\n", `x: ${"1".repeat(500)}\r\n`, `x: ${"1".repeat(500)}\r\n`.repeat(200)]) {
        const { reader } = heard();
        reader.push(bytes(begins));
        let pushed = 0;
        assert.throws(
          () => {
            for (; pushed < 100_000; pushed += piece.length) reader.push(bytes(piece));
          },
          { code: "UND_ERR_HEADERS_OVERFLOW" },
        );
        // Of short lines each counts as more than it holds.
        assert.ok(pushed < 50_000 || piece.length > 50_000, String(pushed));
      }
  });
});
