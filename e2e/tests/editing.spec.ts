import { expect, expectAccessible, test } from "../support/fixtures";
import { expectRunEnded, investigate, openStep, run, runAll, toField, verdict } from "../support/words";

const MINUTE = 60_000;
const minutesAfter = (time: string, minutes: number): string => toField(new Date(new Date(time).getTime() + minutes * MINUTE));

test("title and window are changed in place, and another window asks for another run", async ({ page, lab }) => {
  const incident = lab.incident("keep-alive-race");
  await investigate(page, incident);
  await runAll(page);
  const edit = page.getByRole("button", { name: "Edit title and window" });
  const form = page.getByRole("form", { name: "Title and window" });

  await test.step("a title is changed, and everyone sees it", async () => {
    await edit.click();
    await expect(form.getByRole("textbox", { name: "Title" })).toBeFocused();
    await expect(form).toContainText("1 h, as it is.");
    await expectAccessible(page);
    await form.getByRole("textbox", { name: "Title" }).fill("Checkout fails <b>again</b>");
    await page.keyboard.press("Enter");
    await expect(form).toHaveCount(0);
    await expect(edit).toBeFocused();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Checkout fails <b>again</b>");
    await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");
  });

  await test.step("what cannot be kept is refused in words, and stays to be put right", async () => {
    await edit.click();
    await form.getByRole("textbox", { name: "Title" }).fill(" ");
    await form.getByRole("button", { name: "Change" }).click();
    await expect(form.getByRole("alert")).toContainText("1 to 200 characters");
    await form.getByRole("textbox", { name: "Title" }).fill("Checkout fails");
    await form.getByLabel("Window to (UTC)").fill(minutesAfter(incident.window.from, -5));
    await expect(form).toContainText("The window ends before it starts.");
    await form.getByRole("button", { name: "Change" }).click();
    await expect(form.getByRole("alert")).toContainText("before it starts");
    await expect(form.getByLabel("Window to (UTC)")).toHaveAttribute("aria-invalid", "true");
    await expectAccessible(page);
  });

  await test.step("somebody else's change is not written over unseen", async () => {
    // Their change lands while ours is on its way.
    let meddled = false;
    await page.route("**/api/v1/investigations/*", async (route) => {
      const ours = route.request();
      if (ours.method() !== "PATCH" || meddled) return route.fallback();
      meddled = true;
      const headers = { "if-match": ours.headers()["if-match"] ?? "" };
      const theirs = await page.request.patch(ours.url(), { headers, data: { status: "mitigated" } });
      expect(theirs.status()).toBe(200);
      return route.continue();
    });
    await form.getByLabel("Window to (UTC)").fill(toField(incident.window.to));
    await form.getByRole("textbox", { name: "Title" }).fill("Checkout fails");
    await form.getByRole("button", { name: "Change" }).click();
    await expect(form.getByRole("alert")).toContainText(/changed/i);
    await expect(page.getByLabel("Status")).toHaveValue("mitigated");
    await form.getByRole("button", { name: "Change" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Checkout fails");
  });

  await test.step("another window forgets what was seen, and says so before and after", async () => {
    await edit.click();
    await form.getByLabel("Window to (UTC)").fill(minutesAfter(incident.window.from, 45));
    await expect(form).toContainText("45 min. Another window: what was seen no longer counts, and the steps must run again.");
    await form.getByRole("button", { name: "Change" }).click();
    await expect(verdict(page).getByRole("heading")).toHaveText("Not run for this window");
    await expect(verdict(page)).toContainText("run the steps again");
    await expectAccessible(page);
    await run(page, "Run all again");
    await expectRunEnded(page);
    await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");
  });
});

test("what AWS does not know is asked of the person, kept, and counted", async ({ page, lab }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await runAll(page);
  await openStep(page, "Compare timeouts");
  const asked = page.getByRole("region", { name: "What only you can tell" });
  const seconds = asked.getByRole("textbox", { name: /After how many seconds/ });
  await seconds.fill("five");
  await page.keyboard.press("Enter");
  await expect(asked.getByRole("alert")).toContainText("Not a number of seconds");
  await expect(seconds).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await seconds.fill("5");
  await page.keyboard.press("Enter");
  await expect(asked.getByRole("button", { name: /^Change the answer After how many seconds/ })).toBeVisible();
  await expect(page.getByRole("article").first()).toContainText("The answer given for the server's keep-alive says the same.");
  await page.reload();
  await expect(seconds).toHaveValue("5");
  await expectAccessible(page);
});
