import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures";
import { expectNoSidewaysScroll, investigate, runAll } from "../support/words";

/** What one does, the other sees: a second, and some for a busy machine. */
const SOON = { timeout: 5_000 };

const dialog = (page: Page) => page.getByRole("dialog", { name: "Share this investigation" });

async function makeLink(page: Page, mode: string): Promise<string> {
  const form = dialog(page).getByRole("form", { name: "A new link" });
  await form.getByRole("radio", { name: mode }).check();
  await form.getByRole("button", { name: "Make a link" }).click();
  const made = dialog(page).getByRole("region", { name: "Your link" }).getByRole("region", { name: "The link, scrollable" });
  await expect(made).toBeVisible();
  return (await made.innerText()).trim();
}

test("a share link shows the investigation to strangers, and closes when it is revoked", async ({ page, lab, server, browser }) => {
  const second = await server.beside();
  const stranger = await browser.newContext();
  try {
    const incident = lab.incident("keep-alive-race");
    await investigate(page, incident);
    await runAll(page);
    await page.getByRole("button", { name: "Share…" }).click();
    await expect(dialog(page)).toContainText("None so far.");
    await expectAccessible(page);
    const live = await makeLink(page, "as it goes on");
    expect(live).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/shared\/[A-Za-z0-9_-]{43}$/);

    // The stranger comes to another process of the same store.
    const address = second.origin + new URL(live).pathname;
    const outside = await stranger.newPage();
    const asked: string[] = [];
    outside.on("request", (request) => asked.push(new URL(request.url()).pathname));

    await test.step("the stranger reads it, masked", async () => {
      await outside.goto(address);
      await expect(outside.getByRole("heading", { level: 1 })).toContainText(incident.load_balancer.name);
      await expect(outside.getByRole("region", { name: "Verdict" })).toContainText("Cause found");
      await expect(outside.getByRole("heading", { level: 3, name: "Findings, the strongest first" })).toBeVisible();
      await expect(outside.getByRole("article").first()).toBeVisible();
      const account = incident.load_balancer.arn.split(":")[4] ?? "";
      expect(account).toMatch(/^\d{12}$/);
      expect(await outside.content()).not.toContain(account);
      await expect(outside.getByText("account 000000000001")).toBeVisible();
      await expectNoSidewaysScroll(outside);
      await expectAccessible(outside);
    });

    await test.step("nothing is there to change it, and nothing else was asked for", async () => {
      await expect(outside.getByRole("textbox")).toHaveCount(0);
      await expect(outside.getByRole("button", { name: /Run|Add note|Edit|Share|Cancel/ })).toHaveCount(0);
      const api = asked.filter((path) => path.startsWith("/api/"));
      expect(api.length).toBeGreaterThan(1);
      for (const path of api) expect(path).toContain(`/api/v1${new URL(live).pathname}`);
    });

    await test.step("what happens in it is seen", async () => {
      await dialog(page).getByRole("button", { name: "Close" }).click();
      await page.getByRole("textbox", { name: "What did you see or try?" }).fill("Rolled back.");
      await page.getByRole("button", { name: "Add note" }).click();
      await expect(outside.getByText("Rolled back.")).toBeVisible(SOON);
    });

    await test.step("its uses are listed, and told in the timeline", async () => {
      await page.getByRole("button", { name: "Share…" }).click();
      await expect(dialog(page).getByRole("listitem").first()).toContainText(/opened \d+ times?/);
      const timeline = page.getByRole("region", { name: "What happened here", includeHidden: true });
      await expect(timeline).toContainText("Share link opened for the first time", SOON);
    });

    await test.step("revoked, it closes within a second", async () => {
      const gone = outside.getByRole("heading", { level: 1, name: "Nothing is shared here" });
      const link = dialog(page).getByRole("listitem").first();
      const revoked = page.waitForResponse((answer) => answer.request().method() === "DELETE");
      await link.getByRole("button", { name: "Revoke" }).click();
      await revoked;
      await expect(gone).toBeVisible({ timeout: 1_000 });
      await expect(outside.getByText("Rolled back.")).toHaveCount(0);
      await expect(link).toContainText("Revoked");
      await expectAccessible(outside);
      await outside.reload();
      await expect(gone).toBeVisible();
    });

    await test.step("a frozen one stays as it was", async () => {
      const frozen = await makeLink(page, "as it is now, for good");
      await dialog(page).getByRole("button", { name: "Close" }).click();
      await page.getByLabel("Status").selectOption("resolved");
      await outside.goto(second.origin + new URL(frozen).pathname);
      await expect(outside.getByRole("definition").filter({ hasText: "Open" }).first()).toBeVisible();
      await expect(outside.getByRole("definition").filter({ hasText: "Resolved" })).toHaveCount(0);
    });
  } finally {
    await stranger.close();
    await second.stop();
  }
});
