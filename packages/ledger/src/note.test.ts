import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openCheckpoint, parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { LedgerError } from "./error.ts";
import { EMPTY_TREE_HASH } from "./hash.ts";
import { generateNoteKey, noteSigner, noteVerifier, openNote, parseNote, signNote } from "./note.ts";

const refused = (code: string) => (error: unknown) => error instanceof LedgerError && error.code === code;

// https://c2sp.org/signed-note, "Example".
const C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const C2SP_NOTE =
  "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

// golang.org/x/mod/sumdb/note, package documentation.
const GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

suite("a signed note", () => {
  test("made elsewhere opens: the specification's example and Go's", () => {
    assert.equal(openNote(C2SP_NOTE, [noteVerifier(C2SP_KEY)]).text, "This is an example message.\n");
    assert.equal(openNote(GO_NOTE, [noteVerifier(C2SP_KEY), noteVerifier(GO_KEY)]).text, GO_TEXT);
  });

  test("made here is the same as Go's, byte for byte", () => {
    const signer = noteSigner(GO_SIGNER);
    assert.equal(signer.vkey, GO_KEY);
    assert.equal(signNote(GO_TEXT, [signer]), GO_NOTE);
  });

  test("I8: altered anywhere doesn't open", () => {
    const bytes = Buffer.from(GO_NOTE);
    const verifier = noteVerifier(GO_KEY);
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x01;
      assert.throws(() => openNote(altered.toString(), [verifier]), LedgerError, `byte ${at}`);
    }
  });

  test("is refused without a trusted signature, and when a trusted one is wrong beside a good one", () => {
    const mine = noteSigner(generateNoteKey("example.com/log").skey);
    const theirs = noteSigner(generateNoteKey("witness.example").skey);
    const note = signNote("text\n", [mine, theirs]);
    const [known, unknown] = [noteVerifier(mine.vkey), noteVerifier(generateNoteKey("example.com/log").vkey)];
    assert.deepEqual(openNote(note, [known]).signers, [known], "an unknown key's signature is ignored");
    assert.throws(() => openNote(note, [unknown]), refused("signature"));
    assert.throws(() => openNote(note, []), refused("signature"));
    const wrong = note.replace("text\n", "other\n");
    assert.throws(() => openNote(wrong, [known]), refused("signature"));
  });

  test("that isn't one is refused", () => {
    const bad = [
      "",
      "text\n",
      "text\n\n",
      "text\n\n— name\n",
      "text\n\n- name AAAAAAAA\n",
      "text\n\n— name AAAA\n",
      "a\tb\n\n— n AAAAAAAA\n",
    ];
    for (const note of [
      ...bad,
      "text\n\n— n AAAAAAA=",
      "t\n\n— n AAAAAAB=\n",
      `t\n\n${"— n AAAAAAA=\n".repeat(101)}`,
    ]) {
      assert.throws(() => parseNote(note), LedgerError, JSON.stringify(note));
    }
    assert.throws(() => signNote("no newline", []), refused("malformed"));
  });
});

suite("a key", () => {
  test("with a wrong id, type or name is refused, and a secret one never quoted", () => {
    const { skey, vkey } = generateNoteKey("example.com/log");
    for (const bad of [
      "",
      "name",
      "a+b+c",
      vkey.replace(/\+[0-9a-f]{8}\+/, "+00000000+"),
      vkey.replace("example", "exemple"),
      `${vkey}A`,
    ]) {
      assert.throws(() => noteVerifier(bad), refused("key"), bad);
    }
    for (const bad of [skey.slice(0, -4), skey.replace(/\+[0-9a-f]{8}\+/, "+00000000+")]) {
      assert.throws(
        () => noteSigner(bad),
        (error) => refused("key")(error) && !String(error).includes(skey.slice(-20)),
      );
    }
    for (const name of ["", "with space", "with+plus", "with\u00a0nbsp"])
      assert.throws(() => generateNoteKey(name), refused("key"));
  });
});

suite("a checkpoint", () => {
  const root = Buffer.from(EMPTY_TREE_HASH).toString("base64");

  test("goes out and comes back, extension lines and all", () => {
    const signer = noteSigner(generateNoteKey("example.com/log").skey);
    const checkpoint = {
      origin: "example.com/log",
      size: 20_852_163,
      root: EMPTY_TREE_HASH,
      extensions: ["one", "two"],
    };
    assert.deepEqual(openCheckpoint(signCheckpoint(checkpoint, [signer]), [noteVerifier(signer.vkey)]), checkpoint);
  });

  test("is believed only when its own origin's key signed it", () => {
    const witness = noteSigner(generateNoteKey("witness.example").skey);
    const note = signCheckpoint({ origin: "example.com/log", size: 1, root: EMPTY_TREE_HASH, extensions: [] }, [
      witness,
    ]);
    assert.throws(() => openCheckpoint(note, [noteVerifier(witness.vkey)]), refused("signature"));
  });

  test("that isn't one is refused", () => {
    for (const size of ["01", "-1", "1.0", "1e3", " 1", "99999999999999999", ""]) {
      assert.throws(() => parseCheckpoint(`o\n${size}\n${root}\n`), LedgerError, size);
    }
    for (const text of [
      "",
      "o\n1\n",
      `o\n1\n${root}`,
      `\n1\n${root}\n`,
      `o\n1\n${root}\n\n`,
      "o\n1\nAAAA\n",
      `o\n1\n${root.slice(0, -1)}\n`,
    ]) {
      assert.throws(() => parseCheckpoint(text), LedgerError, JSON.stringify(text));
    }
  });
});
