import { expect, expectAccessible, test } from "../support/fixtures";
import {
  changes,
  coverage,
  expectRunEnded,
  findings,
  fillStart,
  openStart,
  openStep,
  rail,
  RUN,
  runAll,
  STEPS,
  investigate,
  verdict,
  run,
} from "../support/words";

const TITLE = /^Targets close idle connections after 5 s, the load balancer keeps them for 60 s/;

/** The verdict first, then where one is, then what it rests on. */
const SUMMARY = `
  - main:
    - heading "502s of checkout" [level=1]
    - region "Verdict":
      - heading "Cause found" [level=2]
      - paragraph: /Targets close idle connections.* It explains 46 of 46 502s/
      - link "See the proof and the fix"
      - button "Run all again"
    - navigation "Steps of the investigation":
      - list:
        - listitem:
          - link /Summary 1 finding/
        - listitem:
          - link /Check backend health/
        - listitem:
          - link /Review error logs/
        - listitem:
          - link /Validate network configuration/
        - listitem:
          - link /Monitor traffic and load/
        - listitem:
          - link /Verify SSL.TLS settings/
        - listitem:
          - link "Compare timeouts 1 proven"
    - heading "Summary" [level=2]
    - region "Where the 502s come from":
      - heading "Where the 502s come from" [level=3]
      - table "502s by what explains them"
    - region "Findings, the strongest first":
      - heading "Findings, the strongest first" [level=3]
      - article:
        - heading /Targets close idle connections/ [level=4]
        - heading "It rests on" [level=5]
        - paragraph:
          - link "About this rule"
    - region "Timeouts that break the chain":
      - heading "Timeouts that break the chain" [level=3]
      - list:
        - listitem: /Broken idle timeout/
      - paragraph:
        - link /See the whole chain/
    - region "What changed":
      - heading "What changed" [level=3]
    - region "What could not be seen":
      - heading "What could not be seen" [level=3]
      - list:
        - listitem:
          - heading "Connection log" [level=4]
          - group: "/How to close it ?: Connection log/"
    - region "Notes"
`;

test("somebody on call names a load balancer and sees why it answers 502", async ({ page, lab, browser }) => {
  const incident = lab.incident("keep-alive-race");

  await test.step("the start lists it with its 502s and its targets", async () => {
    await openStart(page);
    const row = page.getByRole("button", { name: /^checkout / });
    await expect(row).toContainText(/[1-9]\d*\s×\s502/);
    await expect(row).toContainText("4/4 healthy");
    await expectAccessible(page);
  });

  await test.step("a name and a window open an investigation", async () => {
    await fillStart(page, incident.load_balancer.name, incident.window);
    await page.getByRole("button", { name: "Investigate" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("checkout");
    await expect(verdict(page)).toContainText("Not run yet");
    await expectAccessible(page);
  });

  await test.step("the run is seen call by call", async () => {
    await lab.setFaults({ service: "cloudtrail", operation: "LookupEvents", fault: "hang" });
    await run(page, "Run all six steps");
    await expect(verdict(page)).toContainText("Asking AWS…");
    const calls = page.getByRole("group").filter({ hasText: "AWS calls" });
    await expect(calls.getByRole("listitem").filter({ hasText: "DescribeTargetHealth" }).first()).toContainText(/ ms/);
    await expect(calls.getByRole("listitem").filter({ hasText: "LookupEvents" }).first()).toContainText("asking…");
    await expect(rail(page)).toContainText("Running");
    await expectAccessible(page);
    await lab.clearFaults();
    await expectRunEnded(page);
  });

  await test.step("the verdict comes first, then the cause", async () => {
    await expect(verdict(page).getByRole("heading")).toHaveText("Cause found", RUN);
    await expect(verdict(page)).toContainText(TITLE.source.slice(1, 40));
    const first = findings(page).first();
    await expect(first.getByRole("heading", { level: 4 })).toHaveText(TITLE);
    await expect(first).toContainText("Proven");
    await expect(first).toContainText("Explains 46 of 46 502s");
    await expect(first.getByRole("link", { name: "About this rule" })).toHaveAttribute(
      "href",
      `/rules/${incident.expected_first_rule}`,
    );
    await expect(page.getByRole("region", { name: "Where the 502s come from" })).toContainText("46 answers were 502");
    await expectAccessible(page);
  });

  await test.step("the finding shows lines of the log, with what decides marked and told", async () => {
    const first = findings(page).first();
    await expect(first.getByRole("heading", { name: "Three lines of the log that it explains" })).toBeVisible();
    const line = first.locator(".log-lines > li").first();
    await expect(line.locator("pre")).toContainText(/^(https?|h2) 20\d\d-/);
    await expect(line.locator("pre mark").filter({ hasText: "target_processing_time is" })).toHaveCount(1);
    await expect(line.getByRole("definition").filter({ hasText: "the target sent no status" })).toBeVisible();
    await expectAccessible(page);
  });

  await test.step("a cited call opens with the command that repeats it", async () => {
    await findings(page).first().getByRole("button", { name: /^#\d+ GetObject/ }).first().click();
    const dialog = page.getByRole("dialog", { name: /^AWS call #\d+/ });
    await expect(dialog.getByRole("region", { name: "the command, scrollable" })).toContainText(/^aws s3/);
    await expect(dialog.getByRole("region", { name: "Came back, scrollable" })).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
  });

  await test.step("the finding says how to be sure and how to fix it", async () => {
    const first = findings(page).first();
    await expect(first.getByText("How to fix it")).toBeVisible();
    await first.getByText("How to be sure").click();
    await expect(first.getByRole("heading", { name: "Why this makes a 502" })).toBeVisible();
    await expectAccessible(page);
  });

  await test.step("what could not be seen comes first, with the command that switches it on", async () => {
    const gap = coverage(page).getByRole("listitem").filter({ has: page.getByRole("heading", { name: "Connection log" }) });
    await expect(gap).toContainText("Off");
    await gap.getByText("How to close it").press("Enter");
    await expect(gap.getByText(/^Switch it on/)).toBeVisible();
    const command = gap.getByRole("region", { name: "the command for Connection log, scrollable" });
    await expect(command).toContainText(/^aws .*elbv2 modify-load-balancer-attributes .*connection_logs\.s3\.enabled/);
    await expect(gap.getByRole("button", { name: "Copy the command for Connection log" })).toBeVisible();
    await gap.getByText("As Terraform").press("Enter");
    await expect(gap.getByRole("region", { name: "the Terraform text for Connection log, scrollable" })).toContainText(
      "connection_logs {",
    );
    await expect(coverage(page).getByText("Target health", { exact: true })).toBeHidden();
    await coverage(page).getByText(/\d+ sources without a gap/).press("Enter");
    await expect(coverage(page).getByText("Target health", { exact: true })).toBeVisible();
    await expect(coverage(page)).toContainText(/Read in full: [\d,]+ requests in \d+ objects/);
    await expectAccessible(page);
  });

  await test.step("nobody is suspected of a fault that is as old as the service", async () => {
    await expect(changes(page)).not.toContainText("Suspect");
  });

  for (const step of STEPS) {
    await test.step(`the step “${step}” shows what AWS said`, async () => {
      await openStep(page, step);
      await expect(page.getByRole("heading", { level: 3, name: "What AWS said" })).toBeVisible();
      await expect(page.getByRole("table").first()).toBeVisible();
      await expectAccessible(page);
    });
  }

  await test.step("the last step says when the targets hang up, and what is safe", async () => {
    const keepAlive = page.getByRole("region", { name: "When the targets hang up" });
    await expect(keepAlive).toContainText("5 s");
    await expect(keepAlive).toContainText("Sure");
    await expect(keepAlive).toContainText("Safe: a keep-alive of at least 65 s on the targets");
  });

  await test.step("a note stays with the step", async () => {
    await page.getByRole("textbox", { name: "What did you see or try?" }).fill("Raised keepAliveTimeout to 65 s on one target.");
    await page.getByRole("textbox", { name: "Your name (if you like)" }).fill("Ines");
    await page.getByRole("button", { name: "Add note" }).click();
    await expect(page.getByRole("textbox", { name: "What did you see or try?" })).toHaveValue("");
    await expect(page.getByRole("region", { name: "Notes on this step" })).toContainText("Raised keepAliveTimeout");
  });

  const sameState = async (seen: typeof page) => {
    await expect(seen.getByRole("region", { name: "Notes on this step" })).toContainText("Ines");
    await rail(seen).getByRole("link", { name: "Summary" }).click();
    await expect(verdict(seen).getByRole("heading")).toHaveText("Cause found");
    await expect(findings(seen).first().getByRole("heading", { level: 4 })).toHaveText(TITLE);
  };

  await test.step("after a reload the page is the same", async () => {
    await page.reload();
    await sameState(page);
  });

  await test.step("in another browser the page is the same", async () => {
    const other = await browser.newContext();
    const theirs = await other.newPage();
    await theirs.goto(new URL("timeouts", `${page.url()}/`).href);
    await sameState(theirs);
    await other.close();
  });

  await test.step("the summary reads in this order", async () => {
    await expect(page.getByRole("main")).toMatchAriaSnapshot(SUMMARY);
    await expectAccessible(page);
  });
});

test("a load balancer is picked from the list with one click", async ({ page, lab }) => {
  await openStart(page);
  await page.getByRole("button", { name: /^checkout / }).click();
  await expect(page).toHaveURL(/\/investigations\//);
  await expect(page.getByRole("main")).toContainText(lab.incident("keep-alive-race").load_balancer.name);
  await runAll(page);
  await expect(verdict(page)).not.toContainText("Not run yet");
  await expectAccessible(page);
});

test("the help page of the rule is one click from the finding", async ({ page, lab }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await runAll(page);
  await findings(page).first().getByRole("link", { name: "About this rule" }).click();
  for (const heading of ["What it looks for", "Why this makes a 502", "How to be sure", "How to fix it", "References"]) {
    await expect(page.getByRole("heading", { name: heading })).toBeVisible();
  }
  await expectAccessible(page);
});
