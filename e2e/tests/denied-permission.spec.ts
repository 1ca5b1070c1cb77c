import { expect, expectAccessible, test } from "../support/fixtures";
import { expectRunEnded, investigate, openStep, rail, run, runAll, verdict } from "../support/words";

test("a call that IAM denies is shown with its action, and never reads as all clear", async ({ page, lab }) => {
  await investigate(page, lab.incident("healthy"));
  await lab.setFaults({ service: "elasticloadbalancing", operation: "DescribeTargetHealth", fault: "deny" });
  await runAll(page);

  await expect(verdict(page).getByRole("heading")).toHaveText("Cannot tell");
  await expect(page.getByRole("region", { name: "What would make this surer" })).toContainText(
    "elasticloadbalancing:DescribeTargetHealth",
  );
  await expectAccessible(page);

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
  await calls.getByText(/AWS calls: .*1 denied/).click();
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
  });
});
