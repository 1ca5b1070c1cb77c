import { expect, expectAccessible, test } from "../support/fixtures";
import { expectRunEnded, investigate, RUN, verdict, run } from "../support/words";

test("a server that dies before any step has ended says what is kept, and to run again once", async ({ page, lab, server }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await lab.setFaults(
    { service: "elasticloadbalancing", operation: "DescribeTargetGroups", fault: "hang" },
    { service: "elasticloadbalancing", operation: "DescribeLoadBalancerAttributes", fault: "hang" },
    { service: "cloudwatch", operation: "GetMetricData", fault: "hang" },
  );
  await run(page, "Run all six steps");
  await expect(page.getByRole("listitem").filter({ hasText: "DescribeListeners" }).filter({ hasText: " ms" }).first()).toBeVisible();
  await expect(page.getByRole("region", { name: "What would make this surer" })).toHaveCount(0);
  await server.kill();
  await expect(page.getByRole("alert").filter({ hasText: "The lb502 server does not answer" })).toBeVisible();
  await lab.clearFaults();
  await server.startAgain();
  await expect(verdict(page).getByRole("heading")).toHaveText("No step has ended yet", RUN);
  await expect(verdict(page)).toContainText(/\d+ calls? (was|were) answered so far, and kept/);
  const words = await verdict(page).getByRole("paragraph").allTextContents();
  expect(words.join(" ").match(/run(ning)? again/gi)).toHaveLength(1);
  await expectAccessible(page);
});

test("a server that dies in the middle of a run loses nothing that it showed", async ({ page, lab, server }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await lab.setFaults({ service: "cloudtrail", operation: "LookupEvents", fault: "hang" });
  await run(page, "Run all six steps");
  const calls = page.getByRole("group").filter({ hasText: "AWS calls" });
  const healthSeen = calls.getByRole("listitem").filter({ hasText: "DescribeTargetHealth" }).filter({ hasText: " ms" });
  await expect(healthSeen.first()).toBeVisible();

  await server.kill();
  await expect(page.getByRole("alert").filter({ hasText: "The lb502 server does not answer" })).toBeVisible();
  await expectAccessible(page);

  await lab.clearFaults();
  await server.startAgain();
  await expect(page.getByRole("alert").filter({ hasText: "does not answer" })).toHaveCount(0, RUN);
  await expect(verdict(page)).toContainText("The server stopped in the middle of the run", RUN);
  await page.getByText("1 run of this investigation").click();
  await expect(page.getByRole("listitem").filter({ hasText: "Run 1, all six steps: interrupted" })).toBeVisible();
  await page.getByRole("navigation").getByRole("link", { name: "Check backend health" }).click();
  await page.getByText(/^\d+ AWS calls?: /).click();
  await expect(page.getByRole("button", { name: /DescribeTargetHealth/ }).first()).toBeVisible();
  await expectAccessible(page);

  await run(page, /^Run all/);
  await expectRunEnded(page);
  await expect(verdict(page).getByRole("heading")).toHaveText("Cause found");
  await expect(verdict(page)).not.toContainText("The server stopped");
});
