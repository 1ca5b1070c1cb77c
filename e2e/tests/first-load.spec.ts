import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures";
import { investigate, openStart, verdict } from "../support/words";

/** Bytes of a first load as they come over the wire, compressed: what a phone on call waits for. */
const LIMIT = 300_000;
/** An investigation is the larger program. It is to become LIMIT as well; until then it grows no further. */
const INVESTIGATION_LIMIT = 360_000;
/** What a phone on call has, and how long it may take until the page shows what it is for. */
const LINK = { offline: false, latency: 40, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 };
const LCP_LIMIT_MS = 1_500;

/** Opens a page for the first time, and holds what it is made of. */
async function weigh(page: Page, what: string, limit: number, open: () => Promise<void>): Promise<void> {
  const sizes: Promise<[string, number]>[] = [];
  page.on("requestfinished", (request) => {
    const path = new URL(request.url()).pathname;
    // What AWS answers is as large as it is.
    if (path.startsWith("/api/")) return;
    sizes.push(request.sizes().then(({ responseBodySize }) => [path, responseBodySize]));
  });
  await open();
  const files = (await Promise.all(sizes)).sort(([, one], [, other]) => other - one);
  for (const [path, bytes] of files) console.log(`${String(bytes).padStart(8)} ${path}`);
  const sum = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.log(`${String(sum).padStart(8)} of ${limit} bytes of a first load of ${what}`);
  expect(files.filter(([path]) => path.endsWith(".wasm"))).toHaveLength(1);
  expect(sum, `bytes of a first load of ${what}`).toBeLessThanOrEqual(limit);
}

test("a first load stays small", async ({ page }) => {
  await weigh(page, "the start", LIMIT, () => openStart(page));
});

test("a first load of a help page stays small", async ({ page }) => {
  await weigh(page, "a help page", LIMIT, async () => {
    await page.goto("/rules/keep-alive-shorter-than-idle-timeout");
    await expect(page.getByRole("heading", { name: "References" })).toBeVisible();
  });
});

test("a first load of an investigation grows no further", async ({ page, lab, context }) => {
  await investigate(page, lab.incident("healthy"));
  const opened = await context.browser()!.newPage();
  await weigh(opened, "an investigation", INVESTIGATION_LIMIT, async () => {
    await opened.goto(page.url());
    await expect(verdict(opened)).toContainText("Not run yet");
  });
  await opened.close();
});

test("the start is soon there on a slow link", async ({ page }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", LINK);
  await page.addInitScript(() => {
    new PerformanceObserver((list) => {
      for (const paint of list.getEntries()) Object.assign(window, { largestPaint: paint.startTime });
    }).observe({ type: "largest-contentful-paint", buffered: true });
  });
  await openStart(page);
  // The paint is told a frame later.
  const paint = () => page.evaluate(() => (window as { largestPaint?: number }).largestPaint);
  await expect.poll(paint).toBeGreaterThan(0);
  const took = Math.round((await paint()) ?? 0);
  console.log(`${took} of ${LCP_LIMIT_MS} ms to the largest contentful paint at 10 Mb/s and 40 ms`);
  expect(took).toBeLessThanOrEqual(LCP_LIMIT_MS);
});
