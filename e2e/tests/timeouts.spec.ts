import { expect, expectAccessible, test } from "../support/fixtures";
import { expectNoSidewaysScroll, investigate, openStep, rail, runAll } from "../support/words";

test("the chain of timeouts says which breaks, by which rule, and which number is safe", async ({ page, lab }) => {
  await investigate(page, lab.incident("keep-alive-race"));
  await runAll(page);

  await test.step("the summary names what is broken, and leads to the step", async () => {
    const broken = page.getByRole("region", { name: "Timeouts that break the chain" });
    await expect(broken).toContainText("idle timeout (60 s) < keep-alive of the targets (5 s)");
    await expect(broken).toContainText(/Safe: target group .*, keep-alive timeout of the server 65 s/);
    await broken.getByRole("link", { name: /See the whole chain/ }).click();
    await expect(page.getByRole("heading", { level: 2, name: "Compare timeouts" })).toBeVisible();
  });

  const chain = page.getByRole("region", { name: "Who waits how long" });
  const hops = chain.locator("li.hop");

  await test.step("the load balancer's own timeouts come first, with where they come from", async () => {
    const idle = hops.filter({ hasText: "idle_timeout.timeout_seconds" });
    await expect(idle).toContainText("60 s set in AWS");
    await expect(hops.filter({ hasText: "connect timeout" })).toContainText("10 s fixed by AWS");
    await expect(chain).toContainText("the scale is logarithmic");
  });

  await test.step("what is broken is told in words, with its rule and its safe number", async () => {
    const broken = hops.filter({ hasText: "keep-alive timeout of the server" });
    await expect(broken).toContainText("5 s estimated from the log");
    await expect(broken).toContainText("Safe: 65 s");
    await expect(broken.getByRole("listitem").filter({ hasText: "< keep-alive of the targets" })).toContainText("Broken");
    await expect(broken.getByRole("link", { name: "Keep alive shorter than idle timeout" })).toHaveAttribute(
      "href",
      "/rules/keep-alive-shorter-than-idle-timeout",
    );
  });

  await test.step("a longer timeout has a longer bar", async () => {
    const width = async (setting: string) => (await hops.filter({ hasText: setting }).locator(".hop-bar").boundingBox())?.width ?? 0;
    const [short, long] = [await width("keep-alive timeout of the server"), await width("idle_timeout.timeout_seconds")];
    expect(short).toBeGreaterThan(4);
    expect(long).toBeGreaterThan(short);
  });

  await test.step("what a number rests on opens by keyboard", async () => {
    const idle = hops.filter({ hasText: "idle_timeout.timeout_seconds" });
    await idle.getByText("Where the numbers come from").press("Enter");
    await expect(idle.getByRole("button", { name: /^#\d+ DescribeLoadBalancerAttributes/ })).toBeVisible();
    await expectAccessible(page);
  });

  await test.step("the same is not told again as a table", async () => {
    await expect(page.getByRole("region", { name: "Idle before the target hung up" })).toBeVisible();
    await expect(page.getByRole("heading", { name: "Who waits how long" })).toHaveCount(1);
  });

  await test.step("on a narrow screen", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoSidewaysScroll(page);
  });
});

test("a timeout that IAM denies breaks nothing and holds nothing", async ({ page, lab }) => {
  await investigate(page, lab.incident("healthy"));
  await lab.setFaults({ service: "elasticloadbalancing", operation: "DescribeLoadBalancerAttributes", fault: "deny" });
  await runAll(page);
  await expect(page.getByRole("region", { name: "Timeouts that break the chain" })).toHaveCount(0);
  await openStep(page, "Compare timeouts");
  const idle = page.getByRole("region", { name: "Who waits how long" }).locator("li.hop").filter({ hasText: "idle_timeout" });
  await expect(idle).toContainText("not known IAM denied it");
  await expect(idle).toContainText("Cannot tell");
  await expect(idle).toContainText("elasticloadbalancing:DescribeLoadBalancerAttributes");
  await expect(idle).not.toContainText("Holds");
  await expectAccessible(page);
});

test("before its step has run there is no chain", async ({ page, lab }) => {
  await investigate(page, lab.incident("healthy"));
  await rail(page).getByRole("link", { name: "Compare timeouts" }).click();
  await expect(page.getByRole("main")).toContainText("This step has not been run");
  await expect(page.getByRole("region", { name: "Who waits how long" })).toHaveCount(0);
});
