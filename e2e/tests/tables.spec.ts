import { expect, expectAccessible, test } from "../support/fixtures";
import { investigate, openStep, runAll } from "../support/words";

test("a table shows what decides first, names what it hides, and scrolls by keyboard", async ({ page, lab }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await runAll(page);

  await openStep(page, "Validate network configuration");
  const paths = page.getByRole("region", { name: "From the load balancer to each target and back" });
  await expect(paths.getByRole("columnheader").first()).toHaveText("Answer");
  // Whether it is cut off at the side is the question, not how far down the page it stands.
  await paths.getByRole("row").nth(1).scrollIntoViewIfNeeded();
  await expect(paths.getByRole("row").nth(1).getByRole("cell").first()).toBeInViewport({ ratio: 1 });

  await openStep(page, "Review error logs");
  const rows = page.getByRole("region", { name: "Failed requests" });
  const hint = page.locator(".table-panel").filter({ has: rows }).getByText(/^More to the right: .*Node/);
  await expect(hint).toBeVisible();
  await expectAccessible(page);

  await test.step("the last column is reached with the arrow keys, the first one stays", async () => {
    await rows.focus();
    for (let press = 0; press < 60; press += 1) await page.keyboard.press("ArrowRight");
    await expect(hint).toHaveCount(0);
    await expect(rows.getByRole("columnheader", { name: "Node" })).toBeInViewport({ ratio: 1 });
    await expect(rows.getByRole("columnheader", { name: "Time", exact: true })).toBeInViewport({ ratio: 1 });
    await expectAccessible(page);
  });
});
