// Rebuilds the OHIF package for our path: what is not needed left out, addresses rewritten, scripts minified.
//
// The package is taken by itself, without its 800 dependencies: they are bundled in its dist/ already.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

import { EDITS, OURS, wanted } from "./ohif-edits.mjs";

const here = new URL(".", import.meta.url).pathname;
const chosen = JSON.parse(await readFile(join(here, "ohif.json")));

const sha512 = content => "sha512-" + createHash("sha512").update(content).digest("base64");

async function fetchPackage(work) {
  const name = chosen.package.replace("@", "").replace("/", "-");
  const file = join(work, `${name}-${chosen.version}.tgz`);
  if (!existsSync(file) || sha512(await readFile(file)) !== chosen.integrity) {
    const wanted = `${chosen.package}@${chosen.version}`;
    execFileSync("npm", ["pack", wanted, "--silent"], { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
  }
  if (sha512(await readFile(file)) !== chosen.integrity) throw new Error(`${file} is not what ohif.json names`);
  return file;
}

async function unpack(work) {
  const folder = join(work, "ohif");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const left = ["package/dist/ort", "package/dist/dicom-microscopy-viewer", "*.map"].map(one => `--exclude=${one}`);
  execFileSync("tar", ["-xzf", await fetchPackage(work), "-C", folder, "--strip-components=1", ...left]);
  return folder;
}

async function filesOf(folder) {
  const found = [];
  for (const one of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, one.name);
    found.push(...(one.isDirectory() ? await filesOf(path) : [path]));
  }
  return found.sort();
}

// What the result is made of, so that its folder's name changes whenever the result may.
async function digest(esbuild) {
  const hash = createHash("sha256").update(esbuild.version);
  for (const path of (await filesOf(here)).filter(one => /\/ohif/.test(one))) hash.update(await readFile(path));
  return hash.digest("hex").slice(0, 10);
}

// Make each edit; a text that stands not as often as expected means another package than the edits were made for.
function edited(text, name, base, counts) {
  for (const edit of EDITS.filter(one => one.file.test(name))) {
    const parts = text.split(edit.from);
    counts.set(edit, (counts.get(edit) ?? 0) + parts.length - 1);
    text = parts.join(edit.to.replaceAll("{base}", base));
  }
  return text;
}

function assertAllMade(counts) {
  for (const edit of EDITS) {
    const made = counts.get(edit) ?? 0;
    if (made !== edit.times) throw new Error(`OHIF ${chosen.version}: ${edit.from} stands ${made} times, not ${edit.times}`);
  }
}

// Write the viewer to `served`/ohif-DIGEST; return under which names its entry files are served.
export async function buildOhif(work, served) {
  const esbuild = createRequire(join(work, "package.json"))("esbuild");
  const dist = join(await unpack(work), "dist");
  const folder = `ohif-${await digest(esbuild)}`;
  const base = `/gecit/assets/${folder}/`;
  const counts = new Map();
  const notices = new Set();
  const manifest = {};
  for (const path of await filesOf(dist)) {
    const name = relative(dist, path);
    if (!wanted(name)) continue;
    const target = join(served, folder, name);
    await mkdir(dirname(target), { recursive: true });
    if (/\.(js|css)$/.test(name)) {
      const loader = name.endsWith(".js") ? "js" : "css";
      const text = edited(await readFile(path, "utf8"), name, base, counts);
      const made = await esbuild.transform(text, { loader, minify: true, legalComments: "external", logLevel: "error" });
      if (made.legalComments) notices.add(made.legalComments);
      await writeFile(target, made.code);
    } else await copyFile(path, target);
    const entry = /^app\.bundle(?:\.[0-9a-f]+)?\.(js|css)$/.exec(name);
    if (entry) manifest[`ohif/app.${entry[1]}`] = `${folder}/${name}`;
  }
  assertAllMade(counts);
  for (const name of OURS) {
    const text = (await readFile(join(here, "ohif", name), "utf8")).replaceAll("{base}", base);
    await writeFile(join(served, folder, name), text);
    manifest[`ohif/${name}`] = `${folder}/${name}`;
  }
  const license = await readFile(join(dist, "../LICENSE"), "utf8");
  await writeFile(join(served, folder, "LICENSE.txt"), [license, ...notices].join("\n\n"));
  return manifest;
}
