// Builds what is served: node assets/build.mjs NPM_FOLDER TARGET
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";

import { compressFolder } from "./compress.mjs";

const HASH_DIGITS = 10;

// Copy each file of served.json to `target`, its hash in its name; return what each is called.
async function copyServed(modules, target) {
  const served = JSON.parse(await readFile(new URL("served.json", import.meta.url)));
  const manifest = {};
  await mkdir(target, { recursive: true });
  for (const [name, source] of Object.entries(served)) {
    const content = await readFile(join(modules, source));
    const { name: stem, ext } = parse(name);
    const digest = createHash("sha256").update(content).digest("hex").slice(0, HASH_DIGITS);
    manifest[name] = `${stem}.${digest}${ext}`;
    await writeFile(join(target, manifest[name]), content);
  }
  return manifest;
}

const [work, target] = process.argv.slice(2);
const served = join(target, "served");
const manifest = await copyServed(join(work, "node_modules"), served);
await writeFile(join(target, "manifest.json"), JSON.stringify(manifest, null, 1));
await compressFolder(served);
