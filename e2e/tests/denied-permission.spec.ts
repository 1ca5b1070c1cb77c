import { expect, expectAccessible, test } from "../support/fixtures";
import { changes, coverage, expectRunEnded, investigate, openStep, rail, run, runAll, verdict } from "../support/words";

test("a call that IAM denies is shown with its action, and never reads as all clear", async ({ page, lab }) => {
  await investigate(page, lab.incident("healthy"));
  await lab.setFaults(
    { service: "elasticloadbalancing", operation: "DescribeTargetHealth", fault: "deny" },
    { service: "cloudtrail", operation: "LookupEvents", fault: "deny" },
  );
  await runAll(page);

  await expect(verdict(page).getByRole("heading")).toHaveText("Cannot tell");
  await expect(page.getByRole("region", { name: "What would make this surer" })).toContainText(
    "elasticloadbalancing:DescribeTargetHealth",
  );
  await expectAccessible(page);

  await test.step("what was denied is the first that could not be seen, with the action to allow", async () => {
    const first = coverage(page).getByRole("listitem").first();
    await expect(first.getByRole("heading", { name: "Target health" })).toBeVisible();
    await expect(first).toContainText("Denied");
    await first.getByText("How to close it").press("Enter");
    await expect(first.getByText(/^Allow elasticloadbalancing:DescribeTargetHealth/)).toBeVisible();
    await expect(first.getByRole("button", { name: "Copy the IAM action" })).toBeVisible();
    await first.getByRole("button", { name: /^#\d+ DescribeTargetHealth/ }).first().click();
    await expect(page.getByRole("dialog")).toContainText("denied");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
  });

  await test.step("changes that could not be seen are no proof that nothing changed", async () => {
    await expect(changes(page)).toContainText("Not seen in full: CloudTrail events. There may have been other changes.");
  });

  await openStep(page, "Check backend health");
  const undecided = page.getByRole("region", { name: "What this step cannot tell" });
  await expect(undecided).toContainText("elasticloadbalancing:DescribeTargetHealth");
  await expectAccessible(page);

  await test.step("a step that shares the call says that it was denied", async () => {
    await openStep(page, "Validate network configuration");
    await page.getByText(/AWS calls?: .*shared with other steps: .*1 denied/).click();
    await expect(page.getByRole("listitem").filter({ hasText: /asked by “.+”/ }).filter({ hasText: "denied" })).toBeVisible();
    await expectAccessible(page);
  });

  // The summary lists the calls of all steps.
  await rail(page).getByRole("link", { name: "Summary" }).click();
  const calls = page.getByRole("group").filter({ hasText: "AWS calls" });
  await calls.getByText(/AWS calls: .*\d+ denied/).click();
  await calls.getByRole("button", { name: /DescribeTargetHealth/ }).first().click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("allow the action elasticloadbalancing:DescribeTargetHealth");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Close" }).click();

  await test.step("allowed at last, the step run again gives the all clear", async () => {
    await lab.clearFaults();
    await run(page, "Run all again");
    await expectRunEnded(page);
    await expect(verdict(page).getByRole("heading")).toHaveText("No fault found");
    await expect(coverage(page)).not.toContainText("Denied");
    await expect(changes(page)).not.toContainText("Not seen in full");
  });
});
