import { expect, expectAccessible, test } from "../support/fixtures";
import { expectInvestigations, fillStart, openStart, toField } from "../support/words";

const HOUR = 3_600_000;
const hoursFromNow = (hours: number): string => new Date(Date.now() + hours * HOUR).toISOString();
const GOOD = { from: hoursFromNow(-2), to: hoursFromNow(-1) };

test.describe("what cannot be investigated is refused in words, and nothing half-made stays behind", () => {
  test.afterEach(async ({ page }) => {
    await expect(page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
    await expectAccessible(page);
    await expectInvestigations(page, 0);
  });

  test("no load balancer", async ({ page }) => {
    await openStart(page);
    await page.getByRole("button", { name: "Investigate" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "Which load balancer?" })).toContainText("Give its name");
    await expect(page.getByRole("textbox", { name: "Load balancer" })).toBeFocused();
  });

  test("an unknown load balancer", async ({ page }) => {
    await openStart(page);
    await fillStart(page, "no-such-thing", GOOD);
    await page.getByRole("button", { name: "Investigate" }).click();
    const refused = page.getByRole("alert").filter({ hasText: "Unknown load balancer" });
    await expect(refused).toContainText("no-such-thing");
    await expect(refused).toContainText("Check its name");
    await expect(page.getByRole("textbox", { name: "Load balancer" })).toHaveValue("no-such-thing");
  });

  test("a region that does not exist", async ({ page }) => {
    await openStart(page);
    await fillStart(page, "arn:aws:elasticloadbalancing:eu-middle-9:123456789012:loadbalancer/app/checkout/0123456789abcdef", GOOD);
    await page.getByRole("button", { name: "Investigate" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "Unknown region" })).toContainText("eu-middle-9");
  });

  const windows = [
    { what: "that ends before it starts", from: hoursFromNow(-1), to: hoursFromNow(-2), says: "before it starts" },
    { what: "in the future", from: hoursFromNow(2), to: hoursFromNow(3), says: "in the future" },
    { what: "longer than 24 hours", from: hoursFromNow(-30), to: hoursFromNow(-1), says: "longer than 24 hours" },
  ];
  for (const { what, from, to, says } of windows) {
    test(`a window ${what}`, async ({ page }) => {
      await openStart(page);
      await fillStart(page, "checkout", { from, to });
      await page.getByRole("button", { name: "Investigate" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "The window cannot be used" })).toContainText(says);
      await expect(page.getByLabel("From (UTC)")).toHaveValue(toField(from));
    });
  }
});

test("a name that several load balancers have is settled by choosing one", async ({ page, lab }) => {
  await lab.addClassicLoadBalancer("orders");
  try {
    await openStart(page);
    await fillStart(page, "orders", GOOD);
    await page.getByRole("button", { name: "Investigate" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "Several load balancers match" })).toBeVisible();
    const choices = page.getByRole("list", { name: "Load balancers to choose from" }).getByRole("button");
    await expect(choices).toHaveCount(2);
    await expectAccessible(page);
    await choices.filter({ hasText: "loadbalancer/app/orders/" }).click();
    await expect(page).toHaveURL(/\/investigations\//);
    await expectInvestigations(page, 1);
  } finally {
    await lab.removeClassicLoadBalancer("orders");
  }
});

test.describe("with expired credentials", () => {
  test.use({ credentials: "expired" });

  test("the page says so and how to renew them", async ({ page }) => {
    await page.goto("/");
    const missing = page.getByRole("region", { name: "lb502 cannot speak to AWS yet" });
    await expect(missing).toContainText("The AWS credentials have expired");
    await expect(missing).toContainText("Renew them");
    await expectAccessible(page);
  });
});

test.describe("addresses that lead nowhere say so", () => {
  const nowhere = [
    { what: "an investigation that does not exist", path: "/investigations/00000000-0000-7000-8000-000000000000", says: "could not be opened" },
    { what: "an id that is not one", path: "/investigations/not-an-id", says: "could not be opened" },
    { what: "a rule that does not exist", path: "/rules/no-such-rule", says: "no help page" },
    { what: "a page that does not exist", path: "/no/such/page", says: "There is no such page" },
  ];
  for (const { what, path, says } of nowhere) {
    test(what, async ({ page }) => {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(says);
      await expectAccessible(page);
    });
  }
});
