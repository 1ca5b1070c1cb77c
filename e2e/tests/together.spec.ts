import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures";
import { expectRunEnded, investigate, run, verdict } from "../support/words";

/** What one does, the other sees: a second, and some for a busy machine. */
const SOON = { timeout: 5_000 };

const timeline = (page: Page) => page.getByRole("region", { name: "What happened here" });

async function callMe(page: Page, name: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  await page.getByRole("textbox", { name: "What did you see or try?" }).fill(`${name} is here.`);
  await page.getByRole("button", { name: "Add note" }).click();
  await expect(page.getByRole("textbox", { name: "What did you see or try?" })).toHaveValue("");
}

test("two people on two servers see each other, and what each does", async ({ page, lab, server, browser }) => {
  const second = await server.beside();
  const context = await browser.newContext();
  try {
    await investigate(page, lab.incident("keep-alive-race"));
    await callMe(page, "Ada");
    const path = new URL(page.url()).pathname;
    const other = await context.newPage();
    await other.goto(second.origin + path);
    await expect(other.getByRole("heading", { level: 1 })).toBeVisible();
    await callMe(other, "Zoë <3");

    await test.step("notes arrive with the name of who wrote them", async () => {
      await expect(page.getByRole("region", { name: "Notes" })).toContainText("Zoë <3 is here.", SOON);
      await expect(timeline(page).getByRole("listitem").first()).toContainText("Zoë <3", SOON);
    });

    await test.step("each sees who is here, and who left", async () => {
      // A stream says the name that was known when it was opened.
      // Who came first stands first.
      await page.reload();
      await expect(page.getByRole("definition").filter({ hasText: "Ada" })).toBeVisible(SOON);
      await other.reload();
      for (const one of [page, other]) {
        await expect(one.getByRole("definition").filter({ hasText: "Ada, Zoë <3" })).toBeVisible(SOON);
      }
    });

    await test.step("a run of one is the run of both", async () => {
      await run(other, "Run all six steps");
      await expectRunEnded(other);
      await expectRunEnded(page);
      for (const one of [page, other]) await expect(verdict(one).getByRole("heading")).toHaveText("Cause found");
      await expect(timeline(page)).toContainText("Run 1: done. Cause found", SOON);
    });

    await test.step("a status is seen, with who set it", async () => {
      await page.getByLabel("Status").selectOption("mitigated");
      await expect(other.getByLabel("Status")).toHaveValue("mitigated", SOON);
      const change = timeline(other).getByRole("listitem").filter({ hasText: "Status: open → mitigated" });
      await expect(change).toContainText("Ada", SOON);
    });
    await expectAccessible(page);

    await other.close();
    await expect(page.getByRole("definition").filter({ hasText: "Zoë" })).toHaveCount(0, SOON);
  } finally {
    await context.close();
    await second.stop();
  }
});
