import { expect, expectAccessible, test } from "../support/fixtures";
import { expectRunEnded, investigate, RUN, verdict, run } from "../support/words";

test("a run is cancelled, what it had seen is kept, and the next run completes it", async ({ page, lab }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await lab.setFaults({ service: "cloudtrail", operation: "LookupEvents", fault: "hang" });
  await run(page, "Run all six steps");
  await expect(page.getByRole("listitem").filter({ hasText: "DescribeTargetHealth" }).first()).toContainText(" ms");

  await page.getByRole("button", { name: "Cancel the run" }).click();
  await expect(verdict(page)).toContainText("The last run was cancelled: what it had seen is kept", RUN);
  await expect(verdict(page).getByRole("heading")).not.toHaveText("No fault found");
  await expectAccessible(page);

  await lab.clearFaults();
  await run(page, /^Run all/);
  await expectRunEnded(page);
  await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");
});
