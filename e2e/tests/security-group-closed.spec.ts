import { expect, expectAccessible, test } from "../support/fixtures";
import { changes, coverage, findings, investigate, openStep, rail, RUN, runAll, STEPS, verdict, run } from "../support/words";

test("a closed security group is found step by step", async ({ page, lab }) => {
  const incident = lab.incident("security-group-closed");
  await investigate(page, incident);

  await test.step("the network is looked at alone, and says which rule is missing", async () => {
    await openStep(page, "Validate network configuration");
    await expect(page.getByRole("main")).toContainText("This step has not been run");
    await run(page, "Run this step");
    await expect(page.getByRole("button", { name: "Run this step again" })).toBeVisible(RUN);
    await expect(page.getByRole("main")).toContainText(/Security group lets no load balancer node in on port 8443/);
    await expectAccessible(page);
  });

  await test.step("the other steps are still open", async () => {
    for (const step of STEPS.filter((step) => step !== "Validate network configuration")) {
      await expect(rail(page).getByRole("link", { name: step })).toContainText("Not run");
    }
  });

  await test.step("the other steps are run one after the other", async () => {
    for (const step of STEPS.filter((step) => step !== "Validate network configuration")) {
      await openStep(page, step);
      await run(page, "Run this step");
      await expect(page.getByRole("button", { name: "Run this step again" })).toBeVisible(RUN);
      await expect(rail(page).getByRole("link", { name: step })).not.toContainText("Not run");
    }
  });

  await test.step("the summary puts the security group first and says that the code seen is 504", async () => {
    await rail(page).getByRole("link", { name: "Summary" }).click();
    await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");
    await expect(verdict(page)).toContainText("504, not 502");
    const first = findings(page).first();
    await expect(first.getByRole("heading", { level: 4 })).toContainText("Security group lets no load balancer node in");
    await expect(first.getByRole("link", { name: "About this rule" })).toHaveAttribute(
      "href",
      `/rules/${incident.expected_first_rule}`,
    );
    await expect(first.getByRole("region", { name: "the command, scrollable" }).first()).toContainText(
      "aws ec2 authorize-security-group-ingress",
    );
    await expect(first).toContainText(/Explains .*\d+ answers with 504 \(Gateway Timeout\)/);
    await expectAccessible(page);
  });

  await test.step("the revocation is a suspect: who, when, and how far the errors rose after it", async () => {
    const suspect = changes(page).getByRole("listitem").filter({ hasText: "RevokeSecurityGroupIngress" }).first();
    await expect(suspect).toContainText("by marek, from CloudTrail");
    await expect(suspect).toContainText(/\d\d:\d\d:\d\d UTC/);
    await expect(suspect).toContainText("Suspect");
    await expect(suspect).toContainText(/0 → [1-9][\d.]* errors a minute/);
    await expect(changes(page)).toContainText(/The errors step up after \d+ of \d+ changes/);
  });
});

test.describe("on a clock that is not UTC", () => {
  test.use({ timezoneId: "America/New_York" });

  test("a change tells both clocks", async ({ page, lab }) => {
    await investigate(page, lab.incident("security-group-closed"));
    await runAll(page);
    const suspect = changes(page).getByRole("listitem").filter({ hasText: "RevokeSecurityGroupIngress" }).first();
    await expect(suspect.getByRole("time")).toContainText(/\d\d:\d\d:\d\d UTC.*\d\d:\d\d:\d\d your time/);
    await expectAccessible(page);
  });
});

test("on paper nothing is folded and nothing waits to be pressed", async ({ page, lab }) => {
  await investigate(page, lab.incident("security-group-closed"));
  await runAll(page);
  const folded = coverage(page).getByText("Target health", { exact: true });
  await expect(folded).toBeHidden();
  await page.emulateMedia({ media: "print" });
  await expect(folded).toBeVisible();
  await expect(page.getByRole("button", { name: /^Copy/ })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Run all again" })).toHaveCount(0);
});
