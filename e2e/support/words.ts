import { expect, type Locator, type Page } from "@playwright/test";
import type { Incident } from "./lab";

/** The six steps, as the rail names them. */
export const STEPS = [
  "Check backend health",
  "Review error logs",
  "Validate network configuration",
  "Monitor traffic and load",
  "Verify SSL/TLS settings",
  "Compare timeouts",
] as const;

/** A run of six steps against the lab takes a second or two; the machine may be busy. */
export const RUN = { timeout: 45_000 };

export const verdict = (page: Page): Locator => page.getByRole("region", { name: "Verdict" });

export const rail = (page: Page): Locator => page.getByRole("navigation", { name: "Steps of the investigation" });

export const findings = (page: Page): Locator => page.getByRole("article");

/** What could not be seen of an investigation, on its summary. */
export const coverage = (page: Page): Locator => page.getByRole("region", { name: "What could not be seen" });

/** What changed near the window, on the summary. */
export const changes = (page: Page): Locator => page.getByRole("region", { name: "What changed" });

/** The codes other than 502, on the summary. */
export const otherCodes = (page: Page): Locator => page.getByRole("region", { name: /^Other codes/ });

/** The start, once it knows the load balancers. */
export async function openStart(page: Page): Promise<void> {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 2, name: "Load balancers in eu-west-1" })).toBeVisible();
}

/** Fills the form as a person does who knows when it happened. */
export async function fillStart(page: Page, loadBalancer: string, window: { from: string; to: string }): Promise<void> {
  await page.getByRole("textbox", { name: "Load balancer" }).fill(loadBalancer);
  await page.getByRole("radio", { name: "From – to" }).check();
  await page.getByLabel("From (UTC)").fill(toField(window.from));
  await page.getByLabel("To (UTC)").fill(toField(window.to));
}

/** From the start to the investigation of an incident, not run yet. */
export async function investigate(page: Page, incident: Incident): Promise<void> {
  await openStart(page);
  await fillStart(page, incident.load_balancer.name, incident.window);
  await page.getByRole("button", { name: "Investigate" }).click();
  await expect(page).toHaveURL(/\/investigations\/[0-9a-f-]{36}$/);
  await expect(verdict(page)).toContainText("Not run yet");
}

/** Presses a button that runs something, and waits until the run is on record. */
export async function run(page: Page, button: string | RegExp): Promise<void> {
  const answered = page.waitForResponse((answer) => /\/run$/.test(answer.url()) && answer.request().method() === "POST");
  await page.getByRole("button", { name: button, exact: true }).click();
  expect((await answered).status()).toBe(202);
}

export async function runAll(page: Page): Promise<void> {
  await run(page, "Run all six steps");
  await expectRunEnded(page);
}

/** The newest run is over, and the page knows it. */
export async function expectRunEnded(page: Page): Promise<void> {
  const id = /\/investigations\/([^/]+)/.exec(page.url())?.[1];
  const state = async () => (await (await page.request.get(`/api/v1/investigations/${id}`)).json()).runs[0]?.state ?? "not begun";
  await expect.poll(state, RUN).toMatch(/done|cancelled|interrupted|failed/);
  await expect(verdict(page).getByRole("button", { name: "Cancel the run" })).toHaveCount(0);
  await expect(rail(page)).not.toContainText(/Running|Waiting/);
}

export async function openStep(page: Page, step: string): Promise<void> {
  await rail(page).getByRole("link", { name: step }).click();
  await expect(page.getByRole("heading", { level: 2, name: step })).toBeVisible();
}

/** How many investigations the start lists. */
export async function expectInvestigations(page: Page, count: number): Promise<void> {
  await page.goto("/");
  const recent = page.getByRole("region", { name: "Recent investigations" });
  await expect(recent).not.toContainText("Loading");
  await expect(recent.getByRole("link")).toHaveCount(count);
}

/** A field for a time takes minutes, without a zone: what the page reads as UTC. */
export function toField(time: string | Date): string {
  return new Date(time).toISOString().slice(0, 16);
}

/** No way to scroll the page sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wider, `how much wider than the window ${page.url()} is`).toBe(0);
}
