import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { emulatorCommand, findEmulator, startEmulator } from "./emulator.ts";

describe("an emulator that this machine has", () => {
  const folder = mkdtempSync(join(tmpdir(), "chaperone-emulator-"));
  after(() => rmSync(folder, { recursive: true }));
  const program = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, `#!${process.execPath}\n${text}`);
    chmodSync(file, 0o755);
    return file;
  };
  const says = (text: string) => program("says", `console.log(${JSON.stringify(text)})`);

  it("is what CHAPERONE_EMULATOR names, or the path has", () => {
    assert.equal(emulatorCommand({}), "bigquery-emulator");
    assert.equal(emulatorCommand({ CHAPERONE_EMULATOR: "" }), "bigquery-emulator");
    assert.equal(emulatorCommand({ CHAPERONE_EMULATOR: "/opt/emulator" }), "/opt/emulator");
  });

  it("says its version and commit, if it was built with them", () => {
    assert.deepEqual(findEmulator(says("version: v0.8.1 (cb8555b)")), { version: "v0.8.1 (cb8555b)" });
    assert.deepEqual(findEmulator(says("version:  ()")), { version: "of unknown version" });
  });

  it("isn't there", () => {
    assert.match(JSON.stringify(findEmulator(join(folder, "nothing"))), /"missing":"no bigquery-emulator/);
  });

  it("is started on loopback, with the project, and is gone afterwards", async () => {
    const emulator = await startEmulator(
      program(
        "listens",
        `const given = Object.fromEntries(process.argv.slice(2).map((word) => word.slice(2).split("=")));
        given.folder = process.env.TMPDIR;
        require("node:http").createServer((_asked, answered) => answered.end(JSON.stringify(given))).listen(given.port, given.host);`,
      ),
      folder,
    );
    const { url, storageUrl } = emulator;
    const given = (await (await fetch(`${url}/bigquery/v2/projects`)).json()) as object;
    const [port, storagePort] = [url, storageUrl].map((text) => new URL(text).port);
    assert.deepEqual(given, { host: "127.0.0.1", project: "demo-clinic", port, "grpc-port": storagePort, folder });
    await emulator.close();
    await assert.rejects(fetch(url));
    await emulator.close();
  });

  it("that doesn't start says so", async () => {
    await assert.rejects(startEmulator(program("ends", "process.exit(3)"), folder), /ends doesn't start: exit 3/);
    await assert.rejects(startEmulator(join(folder, "nothing"), folder), /nothing doesn't start: .*ENOENT/);
  });
});
