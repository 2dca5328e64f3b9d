// Run the conformance vectors against a live daemon: node conformance.mjs --socket PATH [--vectors DIR] [NAME...]

import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Dealer } from "zeromq";
import { match, MismatchError, substitute } from "./matching.mjs";

const REPLY_TIMEOUT_MS = 30_000;
const DEFAULT_VECTORS = fileURLToPath(new URL("../../vectors", import.meta.url));
const STEP_KEYS = new Set([
  "write", "remove", "send", "send_text", "send_hex", "envelope",
  "expect", "drop_events", "expect_event", "silent_ms",
]);

class NoMessageError extends MismatchError {}

/** A DEALER socket that keeps replies and notifications apart. */
class Connection {
  #socket = new Dealer({ linger: 0 });
  #replies = [];
  #events = [];

  constructor(socketPath) {
    this.#socket.connect(`ipc://${socketPath}`);
  }

  close() {
    this.#socket.close();
  }

  async send(body, envelope) {
    await this.#socket.send(envelope ? ["", body] : [body]);
  }

  async reply(timeoutMs, envelope) {
    const deadline = performance.now() + timeoutMs;
    while (this.#replies.length === 0) await this.#receive(deadline);
    const { message, enveloped } = this.#replies.shift();
    if (enveloped !== envelope) {
      const verb = enveloped ? "has" : "lacks";
      throw new MismatchError(`the reply ${verb} an empty frame before it: ${JSON.stringify(message)}`);
    }
    return message;
  }

  /** Wait for a notification that matches; others are dropped. */
  async event(pattern, captures, timeoutMs) {
    const deadline = performance.now() + timeoutMs;
    let last = "nothing came";
    for (;;) {
      while (this.#events.length > 0) {
        try {
          match(pattern, this.#events.shift(), captures);
          return;
        } catch (error) {
          if (!(error instanceof MismatchError)) throw error;
          last = error.message;
        }
      }
      try {
        await this.#receive(deadline);
      } catch (error) {
        if (error instanceof NoMessageError) throw new MismatchError(`no such event; last: ${last}`);
        throw error;
      }
    }
  }

  dropEvents() {
    this.#events = [];
  }

  async silence(ms) {
    if (this.#replies.length === 0 && this.#events.length === 0) {
      try {
        await this.#receive(performance.now() + ms);
      } catch (error) {
        if (error instanceof NoMessageError) return;
        throw error;
      }
    }
    throw new MismatchError(`wanted silence, got ${JSON.stringify([...this.#replies, ...this.#events])}`);
  }

  async #receive(deadline) {
    this.#socket.receiveTimeout = Math.max(1, Math.round(deadline - performance.now()));
    let frames;
    try {
      frames = await this.#socket.receive();
    } catch (error) {
      if (error.code === "EAGAIN") throw new NoMessageError("no message in time");
      throw error;
    }
    const enveloped = frames.length === 2 && frames[0].length === 0;
    if (frames.length !== 1 && !enveloped) throw new MismatchError(`a message of ${frames.length} frames`);
    const message = JSON.parse(frames.at(-1).toString("utf8"));
    if (message !== null && typeof message === "object" && "method" in message) this.#events.push(message);
    else this.#replies.push({ message, enveloped });
  }
}

function bodyOf(step, captures) {
  if ("send" in step) return JSON.stringify(substitute(step.send, captures));
  if ("send_text" in step) return step.send_text;
  if ("send_hex" in step) return Buffer.from(step.send_hex, "hex");
  return undefined;
}

async function runStep(step, connection, captures) {
  const unknown = Object.keys(step).filter((key) => !STEP_KEYS.has(key));
  if (unknown.length > 0) throw new Error(`unknown keys in a step: ${unknown}`);
  if ("write" in step) {
    const target = join(captures.project, step.write.path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, step.write.text);
  }
  if ("remove" in step) rmSync(join(captures.project, step.remove));
  const envelope = step.envelope ?? false;
  const body = bodyOf(step, captures);
  if (body !== undefined) await connection.send(body, envelope);
  if ("expect" in step) {
    match(substitute(step.expect, captures), await connection.reply(REPLY_TIMEOUT_MS, envelope), captures);
  }
  if (step.drop_events) connection.dropEvents();
  if ("expect_event" in step) {
    await connection.event(substitute(step.expect_event, captures), captures, REPLY_TIMEOUT_MS);
  }
  if ("silent_ms" in step) await connection.silence(step.silent_ms);
}

/** Unregister the fixture, so that the daemon is left as it was found. */
async function forget(connection, captures) {
  const deadline = performance.now() + REPLY_TIMEOUT_MS;
  for (const name of ["project", "outside"]) {
    const id = `forget-${name}`;
    const request = { jsonrpc: "2.0", id, method: "unregister", params: { path: captures[name] } };
    await connection.send(JSON.stringify(request), false);
    for (let reply = {}; reply.id !== id; ) {
      try {
        reply = await connection.reply(deadline - performance.now(), false);
      } catch (error) {
        if (error instanceof NoMessageError) return;
        if (!(error instanceof MismatchError)) throw error;
      }
    }
  }
}

async function runVector(path, vectors, socketPath) {
  const vector = JSON.parse(readFileSync(path, "utf8"));
  const connection = new Connection(socketPath);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "vexor-conformance-")));
  const captures = { project: join(folder, "project"), outside: join(folder, "outside") };
  cpSync(join(vectors, "fixture"), captures.project, { recursive: true });
  mkdirSync(captures.outside);
  try {
    for (const [index, step] of vector.steps.entries()) {
      try {
        await runStep(step, connection, captures);
      } catch (error) {
        if (error instanceof MismatchError) throw new MismatchError(`step ${index + 1}: ${error.message}`);
        throw error;
      }
    }
  } finally {
    await forget(connection, captures);
    connection.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { socket: { type: "string" }, vectors: { type: "string", default: DEFAULT_VECTORS } },
  allowPositionals: true,
});
if (!values.socket) {
  console.error("usage: node conformance.mjs --socket PATH [--vectors DIR] [NAME...]");
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const file of readdirSync(values.vectors).filter((name) => name.endsWith(".json")).sort()) {
  const name = basename(file, ".json");
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  try {
    await runVector(join(values.vectors, file), values.vectors, values.socket);
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    failed += 1;
    console.log(`FAIL ${name}: ${error.message}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
