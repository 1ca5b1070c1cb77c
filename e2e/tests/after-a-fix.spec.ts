import { expect, expectAccessible, test } from "../support/fixtures";
import { expectNoSidewaysScroll, expectRunEnded, investigate, run, runAll, verdict } from "../support/words";

// A lab of its own: what is changed here is nobody else's.
test.use({ incidents: ["keep-alive-race"] });

test("two runs are compared, in words and in AWS's own names", async ({ page, lab }) => {
  const incident = lab.incident("keep-alive-race");
  await investigate(page, incident);
  await runAll(page);
  const panel = page.getByRole("region", { name: "Compare runs" });
  await expect(panel).toContainText("once the steps have run a second time");
  await expectAccessible(page);

  await lab.setIdleTimeout(incident.load_balancer.arn, 4);
  await run(page, "Run all again");
  await expectRunEnded(page);
  await expect(panel.getByLabel("Before")).toHaveValue("1");
  await expect(panel.getByLabel("After")).toHaveValue("2");
  await panel.getByRole("button", { name: "Compare" }).press("Enter");
  const settings = panel.getByRole("region", { name: "What AWS showed differently" });
  const row = settings.getByRole("row", { name: /idle_timeout\.timeout_seconds/ });
  await expect(row).toContainText("60");
  await expect(row).toContainText("4");
  await expect(panel).toContainText("502s, by the access log: before");
  await expect(panel.getByRole("region", { name: "Rules that answer differently" })).toBeVisible();
  await expectAccessible(page);

  await test.step("the same run on both sides is refused in words", async () => {
    await panel.getByLabel("Before").selectOption("2");
    await panel.getByRole("button", { name: "Compare" }).click();
    await expect(panel.getByRole("alert")).toContainText("same run");
  });

  await test.step("on a narrow screen nothing scrolls sideways", async () => {
    await panel.getByLabel("Before").selectOption("1");
    await panel.getByRole("button", { name: "Compare" }).click();
    await page.setViewportSize({ width: 360, height: 740 });
    await expect(row).toBeVisible();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
});

test("a fix is watched until it is proven", async ({ page, lab }) => {
  const incident = lab.incident("keep-alive-race");
  await lab.reportRequests(incident.load_balancer.arn, incident.window.to, 100_000);
  await investigate(page, incident);
  await runAll(page);
  const panel = page.getByRole("region", { name: "Prove the fix" });
  await expect(panel).toContainText("It says how many requests that takes.");
  await expectAccessible(page);

  await test.step("what cannot be watched is refused in words", async () => {
    await panel.getByLabel("The fix was in place at (UTC)").fill("2020-01-01T00:00");
    await panel.getByRole("button", { name: "Watch the fix" }).click();
    await expect(panel.getByRole("alert")).toContainText("more than 24 hours ago");
    await expectAccessible(page);
  });

  await lab.setFaults({ service: "cloudwatch", operation: "GetMetricData", fault: "deny" });
  await panel.getByLabel("The fix was in place at (UTC)").fill(incident.window.to.slice(0, 16));
  await page.keyboard.press("Enter");
  await expect(panel).toContainText("cloudwatch:GetMetricData");
  await expect(panel).toContainText("Watching");
  await expectAccessible(page);
  await lab.clearFaults();
  await panel.getByRole("button", { name: "Stop watching" }).click();
  await expect(panel).toContainText("Stopped");

  await panel.getByLabel("The fix was in place at (UTC)").fill(incident.window.to.slice(0, 16));
  await panel.getByRole("button", { name: "Watch again" }).click();
  await expect(panel).toContainText("Fixed: we are 99 % sure", { timeout: 30_000 });
  await expect(panel.getByRole("region", { name: "What CloudWatch counts" })).toContainText("Since the fix");
  await expect(page.getByRole("region", { name: "What happened here" })).toContainText("Watch of the fix: Fixed");
  await expectAccessible(page);
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNoSidewaysScroll(page);
  await expect(verdict(page)).toBeVisible();
});
