import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, type Page } from "@playwright/test";

/** A recorded incident as `assets/practice/` holds it, as far as tests change it. */
export interface Bundle {
  window: { from: string; to: string };
  parts: { part: string; content: { value: any } }[];
}

/** The value of one part of the evidence, to be changed in place. */
export function part(bundle: Bundle, name: string): any {
  const found = bundle.parts.find((one) => one.part === name);
  if (!found) throw new Error(`the recording has no part ${name}`);
  return found.content.value;
}

/** Opens a recorded incident, changed first: what no incident of the lab has is put in there. */
export async function openRecorded(page: Page, name: string, change: (bundle: Bundle) => void): Promise<void> {
  const file = resolve(__dirname, `../../assets/practice/${name}.json`);
  const bundle: Bundle = JSON.parse(readFileSync(file, "utf8"));
  change(bundle);
  const answered = await page.request.post("/api/v1/investigations/import", { data: bundle });
  expect(answered.status(), await answered.text()).toBe(201);
  await page.goto(`/investigations/${(await answered.json()).id}`);
  await expect(page.getByRole("heading", { level: 2, name: "Summary" })).toBeVisible();
}
