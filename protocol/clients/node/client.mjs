// Search from the command line: node client.mjs QUERY [FOLDER]. A complete client, to copy from.

import { realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer } from "zeromq";

const TIMEOUT_MS = 40_000;
const FRESH_MS = 1_000;
const FIRST_INDEX_MS = 30_000;

/** Path of the socket, in a folder that nobody else may enter. */
function socketPath() {
  const base = process.env.XDG_RUNTIME_DIR;
  const folder = base ? join(base, "vexord") : join(process.env.TMPDIR ?? tmpdir(), `vexord-${process.getuid()}`);
  const info = statSync(folder);
  if (info.uid !== process.getuid() || (info.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not yours alone; run: chmod 700 ${folder}`);
  }
  return join(folder, "vexord.sock");
}

/** Send one request on a new connection; return the result, or throw with the daemon's message and hint. */
async function request(method, params) {
  const socket = new Dealer({ linger: 0, receiveTimeout: TIMEOUT_MS });
  try {
    socket.connect(`ipc://${socketPath()}`);
    await socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { v: 1, ...params } }));
    for (;;) {
      const frames = await socket.receive();
      const reply = JSON.parse(frames.at(-1).toString("utf8"));
      if (reply.id !== 1 && !reply.error) continue;
      if (reply.error) throw new Error(`${reply.error.message}\n  hint: ${reply.error.data.hint ?? "none"}`);
      return reply.result;
    }
  } finally {
    socket.close();
  }
}

async function main([query, folder = "."]) {
  if (!query) throw new Error("usage: node client.mjs QUERY [FOLDER]");
  const path = realpathSync(folder);
  const result = await request("search", {
    query, path, register: true, fresh_ms: FRESH_MS, first_index_ms: FIRST_INDEX_MS, deadline_ms: TIMEOUT_MS,
  });
  for (const note of result.notes) console.error(note);
  for (const hit of result.results[0].hits) {
    console.log(`${hit.path}:${hit.start_line}\t${hit.score.toFixed(3)}\t${hit.symbol ?? hit.kind}`);
  }
  return result.total > 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error.code === "ENOENT" ? "vexord is not running; start it: vexorctl start" : error.message);
  process.exitCode = 2;
}
