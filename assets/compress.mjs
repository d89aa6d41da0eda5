// Writes `.br` and `.gz` beside each file that gains by it, so that no server compresses the same bytes again and again.
import { availableParallelism, cpus } from "node:os";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSIBLE = /\.(css|html|js|json|mjs|svg|txt|wasm)$/;
const SMALLEST_BYTES = 512;
const WORTH_IT = 0.9; // of the size before

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

const brotli = content =>
  toBrotli(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });

async function compressFile(path) {
  const content = await readFile(path);
  if (content.length < SMALLEST_BYTES) return;
  const made = { br: await brotli(content), gz: await toGzip(content, { level: 9 }) };
  for (const [ending, bytes] of Object.entries(made)) {
    if (bytes.length < content.length * WORTH_IT) await writeFile(`${path}.${ending}`, bytes);
  }
}

async function filesOf(folder) {
  const found = [];
  for (const one of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, one.name);
    if (one.isDirectory()) found.push(...(await filesOf(path)));
    else if (COMPRESSIBLE.test(one.name)) found.push(path);
  }
  return found;
}

// Compress every file below a folder, on all cores.
export async function compressFolder(folder) {
  const waiting = await filesOf(folder);
  const cores = typeof availableParallelism === "function" ? availableParallelism() : cpus().length;
  await Promise.all(
    Array.from({ length: cores }, async () => {
      for (let path; (path = waiting.pop()); ) await compressFile(path);
    }),
  );
}
