import type { Locator, Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures";
import {
  expectNoSidewaysScroll,
  expectRunEnded,
  investigate,
  openStart,
  openStep,
  rail,
  runAll,
  STEPS,
  toField,
  verdict,
} from "../support/words";

/** More than any page has places to stop at before the one that is looked for. */
const STOPS = 60;

/** Presses Tab until the element has the focus: it can be reached without a mouse. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let stop = 0; stop < STOPS; stop += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(wanted).toBeFocused();
}

test("the whole walk needs no mouse", async ({ page, lab }) => {
  const { load_balancer, window } = lab.incident("keep-alive-race");
  await openStart(page);
  await expect(page.getByRole("textbox", { name: "Load balancer" })).toBeFocused();
  await page.keyboard.type(load_balancer.name);
  await tabTo(page, page.getByRole("radio", { name: "Last hour" }));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "From – to" })).toBeChecked();
  await tabTo(page, page.getByLabel("From (UTC)"));
  await page.getByLabel("From (UTC)").fill(toField(window.from));
  await page.getByLabel("To (UTC)").fill(toField(window.to));
  await page.keyboard.press("Enter");

  await expect(verdict(page)).toContainText("Not run yet");
  await tabTo(page, page.getByRole("button", { name: "Run all six steps" }));
  await page.keyboard.press("Enter");
  await expectRunEnded(page);
  await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");

  await test.step("a step that is opened has the focus on its heading", async () => {
    await tabTo(page, rail(page).getByRole("link", { name: "Compare timeouts" }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 2, name: "Compare timeouts" })).toBeFocused();
  });

  await test.step("a call opens, and closing it gives the focus back", async () => {
    const cited = page.getByRole("article").getByRole("button", { name: /^#\d+ / }).first();
    await tabTo(page, cited);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(cited).toBeFocused();
  });

  await test.step("the skip link leads past the bar", async () => {
    await page.reload();
    await expect(page.getByRole("heading", { level: 2, name: "Compare timeouts" })).toBeVisible();
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
  });
  await expectAccessible(page);
});

test.describe("on a narrow screen with reduced motion", () => {
  test.use({ viewport: { width: 360, height: 740 }, contextOptions: { reducedMotion: "reduce" } });

  test("no page scrolls sideways, and the walk is whole", async ({ page, lab }) => {
    await openStart(page);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await investigate(page, lab.incident("keep-alive-race"));
    await expectNoSidewaysScroll(page);
    await runAll(page);
    await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    for (const step of STEPS) {
      await openStep(page, step);
      await expect(page.getByRole("table").first()).toBeVisible();
      await expectNoSidewaysScroll(page);
    }
    await expectAccessible(page);
    await page.getByRole("button", { name: /^#\d+ / }).first().click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
});
