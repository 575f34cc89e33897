// sqlite.js - reads and changes a library's database beside its host, for what a test needs and nobody can ask the host for:
//   sql(host, "UPDATE projects SET title = ...");        sql(host, "SELECT count(*) FROM calls") === "3"
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export function sql(host, text) {
  return execFileSync("sqlite3", ["-cmd", ".timeout 10000", join(host.library, "quire.db")], { input: text }).toString().trim();
}
