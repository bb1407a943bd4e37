/** Runs the browser's check over files, for tests: reads what to do as JSON from stdin, writes the reports to stdout. */
import { openAsBlob } from "node:fs";
import { text } from "node:stream/consumers";
import { checkDossier } from "../../frontend/islands/verify/dossier.ts";
import { LOG_KEY, WITNESS_KEY, readKey } from "../../frontend/islands/verify/notes.ts";

interface Asked {
  files: string[];
  log: string[];
  witnesses: string[];
  now: number;
}

const asked = JSON.parse(await text(process.stdin)) as Asked;
const keys = {
  log: await Promise.all(asked.log.map((one) => readKey(one, LOG_KEY))),
  witnesses: await Promise.all(asked.witnesses.map((one) => readKey(one, WITNESS_KEY))),
  known: [],
};
const reports = [];
for (const file of asked.files) {
  const { faults, proven, limits, status } = await checkDossier(await openAsBlob(file), keys, asked.now);
  reports.push({ faults, proven, limits, status });
}
process.stdout.write(JSON.stringify(reports));
