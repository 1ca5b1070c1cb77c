import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

// The machine's own Chromium: `make test` finds or installs it and names it here. No browser is downloaded.
const chromium = process.env.CHROMIUM;
if (!chromium || !existsSync(chromium)) {
  throw new Error("CHROMIUM must name a Chromium or Chrome binary; `make test` looks for one and sets it.");
}

const asRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: "tests",
  // Every spec drives a server, a Postgres and a lab of its own: one at a time is what two cores can carry.
  workers: 1,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // The longest walk takes half a minute on an idle machine; one that compiles beside it is slow, not broken.
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["html", { open: "never" }]],
  use: {
    locale: "en-GB",
    timezoneId: "UTC",
    viewport: { width: 1280, height: 900 },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Chromium refuses to run its sandbox for root.
        ...(asRoot ? ["--no-sandbox"] : []),
      ],
    },
  },
});
