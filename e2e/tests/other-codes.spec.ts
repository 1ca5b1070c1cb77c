import { openRecorded, part } from "../support/bundles";
import { expect, expectAccessible, test } from "../support/fixtures";
import { changes, expectNoSidewaysScroll, findings, otherCodes } from "../support/words";

test("each code beside the 502s says who made it, what explains it and where to look", async ({ page }) => {
  await openRecorded(page, "security-group-closed", (bundle) => {
    const reasons = [{ reason: "AmbiguousUri", classification: "Ambiguous", count: 3 }];
    part(bundle, "access_log").other_codes = [
      { status: 400, made_by_load_balancer: 3, made_by_target: 1200, reasons },
      { status: 413, made_by_load_balancer: 0, made_by_target: 7, reasons: [] },
    ];
  });
  const code = (named: string) => otherCodes(page).getByRole("listitem").filter({ has: page.getByRole("heading", { name: named }) });

  await test.step("what nobody explains is counted, with where to look", async () => {
    const open = code("400 (Bad Request)");
    await expect(open).toContainText("3 unexplained");
    await expect(open).toContainText("1,203 answers, 3 made by the load balancer, 1,200 by targets and passed on.");
    await expect(open).toContainText("Where to look: The clients' requests");
    await expect(open.getByText("AmbiguousUri")).toBeVisible();
  });

  await test.step("what only targets answered is theirs, and its details are opened by keyboard", async () => {
    const theirs = code("413 (Content Too Large)");
    await expect(theirs).toContainText("The targets' own");
    const details = theirs.getByRole("list");
    await expect(details).toBeHidden();
    await theirs.getByText("What the answers with 413 show").press("Enter");
    await expect(details).toBeVisible();
  });

  await test.step("in light, dark and on a narrow screen", async () => {
    await expectAccessible(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoSidewaysScroll(page);
  });

  await test.step("what a finding explains leads to it", async () => {
    const explained = code("504 (Gateway Timeout)");
    await expect(explained).toContainText("None unexplained");
    await explained.getByRole("link", { name: /Security group lets no load balancer node in/ }).click();
    await expect(page.getByRole("heading", { level: 2, name: "Validate network configuration" })).toBeVisible();
    await expect(findings(page).first()).toContainText("Security group lets no load balancer node in");
  });
});

test("no panel where there is no other code", async ({ page }) => {
  await openRecorded(page, "keep-alive-race", () => {});
  await expect(findings(page).first()).toBeVisible();
  await expect(otherCodes(page)).toHaveCount(0);
});

test("more changes than are told are counted", async ({ page }) => {
  await openRecorded(page, "keep-alive-race", (bundle) => {
    const from = new Date(bundle.window.from).getTime();
    const change = (n: number) => ({
      at: new Date(from - n * 1_000).toISOString(),
      name: "ModifyRule",
      who: "ines",
      resources: [`rule/${n}`],
      summary: `ModifyRule: rule/${n}`,
      error: null,
    });
    part(bundle, "cloud_trail").push(...Array.from({ length: 340 }, (_, n) => change(n)));
  });
  await changes(page).getByText(/^300 of 3\d\d changes, in order of time/).press("Enter");
  await expect(changes(page)).toContainText(/\d+ more changes are not listed: no suspects, and further from the errors/);
});
