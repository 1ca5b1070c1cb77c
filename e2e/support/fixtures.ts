import { test as base } from "@playwright/test";
import { Lab } from "./lab";
import { type Credentials, Server } from "./server";

export { expect } from "@playwright/test";
export { expectAccessible } from "./accessibility";

interface Fixtures {
  /** Set it with `test.use` for a server that has others than the lab's. */
  credentials: Credentials;
  /** A server of this test alone; `page.goto("/")` opens it. */
  server: Server;
  /** What the browser's console may not hold at the end of a test. */
  cleanConsole: undefined;
}

interface WorkerFixtures {
  /** What the lab is seeded with. */
  incidents: string[];
  lab: Lab;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  incidents: [["keep-alive-race", "security-group-closed", "healthy"], { option: true, scope: "worker" }],

  lab: [
    async ({ incidents }, use) => {
      const lab = await Lab.start(incidents);
      await use(lab);
      await lab.stop();
    },
    { scope: "worker", timeout: 150_000 },
  ],

  credentials: ["lab", { option: true }],

  server: async ({ lab, credentials }, use, testInfo) => {
    const server = await Server.start(lab.endpoint, credentials);
    await use(server);
    // The next test finds the lab without faults, and a server that stops waits for no call that hangs.
    await lab.clearFaults();
    await server.stop();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach("the server's stderr", { body: server.stderr(), contentType: "text/plain" });
      await testInfo.attach("the lab's stderr", { body: lab.stderr(), contentType: "text/plain" });
    }
  },

  baseURL: async ({ server }, use) => {
    await use(server.origin);
  },

  cleanConsole: [
    async ({ context }, use) => {
      const said: string[] = [];
      context.on("weberror", (error) => said.push(String(error.error())));
      context.on("console", (message) => {
        // A refused request is shown by the page; that the browser notes it too is no fault of the page.
        const ofNetwork = message.text().startsWith("Failed to load resource");
        if (message.type() === "error" && !ofNetwork) said.push(message.text());
      });
      await use(undefined);
      if (said.length > 0) throw new Error(`The browser's console holds errors:\n${said.join("\n")}`);
    },
    { auto: true },
  ],
});
