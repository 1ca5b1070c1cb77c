import { expect, test } from "../support/fixtures";
import { openStart } from "../support/words";

/** Bytes of a first load as they come over the wire, compressed: what a phone on call waits for. It is to become 300 KiB; until then it grows no further. */
const LIMIT = 432 * 1024;

test("a first load stays small", async ({ page }) => {
  const sizes: Promise<[string, number]>[] = [];
  page.on("requestfinished", (request) => {
    const path = new URL(request.url()).pathname;
    // What AWS answers is as large as it is.
    if (path.startsWith("/api/")) return;
    sizes.push(request.sizes().then(({ responseBodySize }) => [path, responseBodySize]));
  });
  await openStart(page);
  const files = (await Promise.all(sizes)).sort(([, one], [, other]) => other - one);
  for (const [path, bytes] of files) console.log(`${String(bytes).padStart(8)} ${path}`);
  const sum = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.log(`${String(sum).padStart(8)} of ${LIMIT} bytes of a first load`);
  expect(files.some(([path]) => path.endsWith(".wasm"))).toBe(true);
  expect(sum, "bytes of a first load").toBeLessThanOrEqual(LIMIT);
});
