import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures";
import { expectRunEnded, investigate, run } from "../support/words";

/** What one does, the other sees: a second, and some for a busy machine. */
const SOON = { timeout: 5_000 };

const field = (page: Page, name: string) => page.getByRole("textbox", { name });
const judgement = (page: Page) => field(page, "Your judgement: what you make of it, what you would not do");

test("an incident is handed over, accepted on another server, and nobody's words are lost", async ({ page, lab, server, browser }) => {
  const second = await server.beside();
  const context = await browser.newContext();
  try {
    await investigate(page, lab.incident("keep-alive-race"));
    await run(page, "Run all six steps");
    await expectRunEnded(page);
    const path = new URL(page.url()).pathname;
    await page.getByRole("link", { name: "Hand over" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Hand over");

    await test.step("the note writes itself, in the order of a handover", async () => {
      const note = page.getByRole("region", { name: "The note as it would be sent now" });
      await expect(note.getByRole("heading", { level: 3 })).toHaveText(["Conditions", "Actions", "Needs"]);
      await expect(note).toContainText("keep-alive-shorter-than-idle-timeout");
    });

    const other = await context.newPage();
    await other.goto(`${second.origin}${path}/handoff`);
    await expect(judgement(other)).toBeVisible();

    await test.step("who is second to keep the draft sees both texts", async () => {
      await judgement(page).fill("Ada: it is Node's default.");
      await judgement(other).fill("Zoë: ask the gateway team.");
      await page.getByRole("button", { name: "Keep draft" }).click();
      await expect(page.getByText("Not kept yet.")).toHaveCount(0, SOON);
      await other.getByRole("button", { name: "Keep draft" }).click();
      const both = other.getByRole("alert").filter({ hasText: "Somebody else changed the draft" });
      await expect(both).toContainText("Ada: it is Node's default.", SOON);
      await expect(judgement(other)).toHaveValue("Zoë: ask the gateway team.");
      await other.getByRole("button", { name: "Take theirs" }).click();
      await expect(judgement(other)).toHaveValue("Ada: it is Node's default.");
    });

    await test.step("a draft that is not kept survives a reload", async () => {
      await field(page, "Next check").fill("Are there 502s after the rollout?");
      await page.reload();
      await expect(field(page, "Next check")).toHaveValue("Are there 502s after the rollout?");
    });

    await test.step("it is sent, and accepted elsewhere", async () => {
      await field(page, "To whom: a person or a role").fill("Next on call");
      await page.getByRole("button", { name: "Send" }).click();
      await expect(page.getByRole("region", { name: "Sent", exact: true })).toContainText("Nobody has accepted it yet.", SOON);
      await expect(field(page, "To whom: a person or a role")).toHaveValue("");
      await expect(other.getByRole("region", { name: "Sent", exact: true })).toContainText("to Next on call", SOON);
      await expectAccessible(other);
      await field(other, "Your name").fill("Zoë");
      await other.getByRole("button", { name: "Accept: I take over" }).click();
      await expect(page.getByRole("region", { name: "Sent", exact: true })).toContainText("Zoë took over", SOON);
      await expect(page.getByText("Owner now: Zoë")).toBeVisible(SOON);
    });
    await expectAccessible(page);

    await page.getByRole("link", { name: "Back to the investigation" }).click();
    const timeline = page.getByRole("region", { name: "What happened here" });
    await expect(timeline).toContainText("Handoff note 1 sent to Next on call", SOON);
    await expect(timeline).toContainText("Zoë took over (handoff note 1)");
  } finally {
    await context.close();
    await second.stop();
  }
});

test("the note fits a phone and prints without buttons", async ({ page, lab }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await investigate(page, lab.incident("keep-alive-race"));
  await run(page, "Run all six steps");
  await expectRunEnded(page);
  await page.getByRole("link", { name: "Hand over" }).click();
  await expect(page.getByRole("heading", { name: "Conditions" })).toBeVisible();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBe(0);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("button", { name: "Send" })).toBeHidden();
  await expect(page.getByRole("heading", { name: "Conditions" })).toBeVisible();
});
