import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

/** `make screenshots`: every page and state into ../screenshots, for people to look at. */
export default defineConfig(base, {
  testDir: "screenshots",
  testMatch: "**/*.shots.ts",
  timeout: 300_000,
  reporter: [["list"]],
});
