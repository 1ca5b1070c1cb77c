import { expect, test } from "../support/fixtures";
import { fillStart, investigate, openStart, openStep, rail, runAll, STEPS, verdict, run } from "../support/words";
import { shoot } from "./shoot";

test.use({
  incidents: ["keep-alive-race", "security-group-closed", "healthy", "expired-certificate", "all-targets-unhealthy"],
});

test("the walk", async ({ page, lab }) => {
  await openStart(page);
  await shoot(page, "start");
  await fillStart(page, "no-such-thing", lab.incident("healthy").window);
  await page.getByRole("button", { name: "Investigate" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Unknown load balancer" })).toBeVisible();
  await shoot(page, "start-refused");

  await investigate(page, lab.incident("keep-alive-race"));
  await shoot(page, "not-run");
  await lab.setFaults({ service: "cloudtrail", operation: "LookupEvents", fault: "hang" });
  await run(page, "Run all six steps");
  await expect(page.getByRole("listitem").filter({ hasText: "DescribeTargetHealth" }).first()).toContainText(" ms");
  await shoot(page, "running");
  await lab.clearFaults();
  await expect(verdict(page).getByRole("heading")).toHaveText("Cause found", { timeout: 60_000 });
  await shoot(page, "summary-keep-alive-race");

  for (const step of STEPS) {
    await openStep(page, step);
    await shoot(page, `step-${STEPS.indexOf(step) + 1}`);
  }
  await page.getByRole("button", { name: /^#\d+ / }).first().click();
  await expect(page.getByRole("dialog").getByRole("heading", { name: "Came back" })).toBeVisible();
  await shoot(page, "observation");
  await page.keyboard.press("Escape");

  await page.getByRole("link", { name: "About this rule" }).first().click();
  await expect(page.getByRole("heading", { name: "References" })).toBeVisible();
  await shoot(page, "rule");
  await page.goto("/no/such/page");
  await shoot(page, "not-found");
  await page.goto("/investigations/00000000-0000-7000-8000-000000000000");
  await expect(page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
  await shoot(page, "no-investigation");
});

for (const name of ["security-group-closed", "healthy", "expired-certificate", "all-targets-unhealthy"]) {
  test(`the summary of ${name}`, async ({ page, lab }) => {
    await investigate(page, lab.incident(name));
    await runAll(page);
    await expect(verdict(page)).not.toContainText("Not run yet");
    await shoot(page, `summary-${name}`);
  });
}

test("what could not be seen", async ({ page, lab }) => {
  await investigate(page, lab.incident("healthy"));
  await lab.setFaults({ service: "elasticloadbalancing", operation: "DescribeTargetHealth", fault: "deny" });
  await runAll(page);
  await shoot(page, "summary-denied");
  await rail(page).getByRole("link", { name: "Check backend health" }).click();
  await expect(page.getByRole("heading", { name: "What this step cannot tell" })).toBeVisible();
  await shoot(page, "step-denied");
});

test("the server is away", async ({ page, lab, server }) => {
  await investigate(page, lab.incident("healthy"));
  await server.kill();
  await expect(page.getByText("The lb502 server does not answer.")).toBeVisible({ timeout: 60_000 });
  await shoot(page, "away");
});

test.describe("without credentials", () => {
  test.use({ credentials: "none" });
  test("what is missing", async ({ page }) => {
    await page.goto("/");
    await expect(page.getByRole("heading", { name: "lb502 cannot speak to AWS yet" })).toBeVisible();
    await shoot(page, "no-credentials");
  });
});
