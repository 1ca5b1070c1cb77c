import { expect, expectAccessible, test } from "../support/fixtures";
import { findings, investigate, openStep, runAll, STEPS, verdict } from "../support/words";

test("a healthy load balancer is called healthy, and nothing is blamed", async ({ page, lab }) => {
  await investigate(page, lab.incident("healthy"));
  await runAll(page);
  await expect(verdict(page).getByRole("heading")).toHaveText("No fault found");
  await expect(page.getByRole("region", { name: "No 502 in this window" })).toContainText("Counted row by row");
  await expect(findings(page).filter({ hasText: /\b(Proven|Likely)\b/ })).toHaveCount(0);
  await expectAccessible(page);
  for (const step of STEPS) {
    await openStep(page, step);
    await expect(page.getByRole("heading", { level: 3, name: "What this step rules out" })).toBeVisible();
    await expect(page.getByRole("heading", { level: 3, name: "What this step cannot tell" })).toHaveCount(0);
    await expect(findings(page).filter({ hasText: /\b(Proven|Likely)\b/ })).toHaveCount(0);
    await expectAccessible(page);
  }
});
