import { expect, expectAccessible, test } from "../support/fixtures";
import { findings, openStep, runAll, STEPS, verdict } from "../support/words";

test.use({ credentials: "none" });

test("without AWS credentials the page says what is missing, and a practice incident shows the whole walk", async ({
  page,
}) => {
  await page.goto("/");

  await test.step("what is missing and how to give it", async () => {
    const missing = page.getByRole("region", { name: "lb502 cannot speak to AWS yet" });
    await expect(missing).toContainText("No AWS credentials");
    for (const way of ["IAM Identity Center (SSO)", "A profile of yours", "Keys in the environment"]) {
      await expect(missing.getByRole("heading", { name: way })).toBeVisible();
    }
    await missing.getByRole("button", { name: "Check again" }).click();
    await expect(missing).toContainText("No AWS credentials");
    await expectAccessible(page);
  });

  await test.step("two practice incidents are offered", async () => {
    const offered = page.getByRole("region", { name: "Practice without AWS" }).getByRole("button");
    await expect(offered).toHaveCount(2);
    await offered.first().click();
    await expect(page.getByText("Practice: recorded evidence, nothing is asked of AWS")).toBeVisible();
  });

  await test.step("the walk works as with AWS", async () => {
    await runAll(page);
    await expect(verdict(page)).toContainText(/Cause found|Likely cause/);
    await expect(findings(page).first()).toContainText(/Proven|Likely/);
    await expectAccessible(page);
    for (const step of STEPS) {
      await openStep(page, step);
      await expect(page.getByRole("table").first()).toBeVisible();
    }
    await expectAccessible(page);
  });

  await test.step("the list marks it as practice", async () => {
    await page.goto("/");
    await expect(page.getByRole("region", { name: "Recent investigations" }).getByRole("link")).toContainText("Practice");
  });
});
