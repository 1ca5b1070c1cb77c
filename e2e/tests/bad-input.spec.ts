import { expect, expectAccessible, test } from "../support/fixtures";
import { expectInvestigations, fillStart, openStart, toField } from "../support/words";

const HOUR = 3_600_000;
const hoursFromNow = (hours: number): string => new Date(Date.now() + hours * HOUR).toISOString();
const GOOD = { from: hoursFromNow(-2), to: hoursFromNow(-1) };

const UNKNOWN_REGION = "arn:aws:elasticloadbalancing:eu-middle-9:123456789012:loadbalancer/app/checkout/0123456789abcdef";

const REFUSED = [
  { what: "no load balancer", name: "", window: GOOD, title: "Which load balancer?", says: "Give its name" },
  { what: "an unknown one", name: "no-such-thing", window: GOOD, title: "Unknown load balancer", says: "no-such-thing" },
  { what: "a region that does not exist", name: UNKNOWN_REGION, window: GOOD, title: "Unknown region", says: "eu-middle-9" },
  {
    what: "a window that ends before it starts",
    name: "checkout",
    window: { from: hoursFromNow(-1), to: hoursFromNow(-2) },
    title: "The window cannot be used",
    says: "before it starts",
  },
  {
    what: "a window in the future",
    name: "checkout",
    window: { from: hoursFromNow(2), to: hoursFromNow(3) },
    title: "The window cannot be used",
    says: "in the future",
  },
  {
    what: "a window longer than 24 hours",
    name: "checkout",
    window: { from: hoursFromNow(-30), to: hoursFromNow(-1) },
    title: "The window cannot be used",
    says: "longer than 24 hours",
  },
];

test("what cannot be investigated is refused in words, and nothing half-made stays behind", async ({ page }) => {
  await openStart(page);
  for (const { what, name, window, title, says } of REFUSED) {
    await test.step(what, async () => {
      await fillStart(page, name, window);
      await page.getByRole("button", { name: "Investigate" }).click();
      await expect(page.getByRole("alert").filter({ hasText: title })).toContainText(says);
      // What was typed is there to be put right.
      await expect(page.getByRole("textbox", { name: "Load balancer" })).toHaveValue(name);
      await expect(page.getByLabel("From (UTC)")).toHaveValue(toField(window.from));
      // What was looked up in vain is not offered to be looked up.
      await expect(page.getByText("Press Enter to look it up")).toHaveCount(0);
      await expectAccessible(page);
    });
  }
  await expectInvestigations(page, 0);
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

const NOWHERE = [
  { path: "/investigations/00000000-0000-7000-8000-000000000000", says: "could not be opened" },
  { path: "/investigations/not-an-id", says: "could not be opened" },
  { path: "/rules/no-such-rule", says: "no help page" },
  { path: "/no/such/page", says: "There is no such page" },
];

test("addresses that lead nowhere say so", async ({ page }) => {
  for (const { path, says } of NOWHERE) {
    await test.step(path, async () => {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(says);
      await expectAccessible(page);
    });
  }
});
