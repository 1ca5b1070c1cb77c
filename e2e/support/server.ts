import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bareEnvironment, Started } from "./process";

/** Makes a database and migrates it, on a machine that may be busy with other tests. */
const PATIENCE = 60_000;
const READY = /^lb502 is ready: open (http:\/\/\S+)$/;

/** Who lb502 is to AWS. */
export type Credentials = "lab" | "none" | "expired";

/** The release binary with a private Postgres, both in a folder that is removed at the end. */
export class Server {
  private process: Started<string> | undefined;
  private earlier = "";

  private constructor(
    private readonly folder: string,
    private readonly environment: Record<string, string>,
    private readonly ownsFolder = true,
  ) {}

  static async start(endpoint: string, credentials: Credentials): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "lb502-e2e-"));
    // Started by root, Postgres runs as somebody else, who must be let through.
    chmodSync(folder, 0o755);
    const home = join(folder, "home");
    mkdirSync(home);
    const server = new Server(folder, {
      ...bareEnvironment(home),
      LB502_DATA_DIR: join(folder, "data"),
      ...(process.env.LB502_POSTGRES_BIN ? { LB502_POSTGRES_BIN: process.env.LB502_POSTGRES_BIN } : {}),
      ...aws(endpoint, credentials),
    });
    try {
      await server.listen("127.0.0.1:0");
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** A second process on the same data: it uses the Postgres of the first, which removes the folder at the end. */
  async beside(): Promise<Server> {
    const second = new Server(this.folder, this.environment, false);
    await second.listen("127.0.0.1:0");
    return second;
  }

  /** `http://127.0.0.1:PORT`, the same after a restart. */
  get origin(): string {
    if (!this.process) throw new Error("the server was never ready");
    return this.process.ready;
  }

  /** `kill -9` in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.process?.kill();
  }

  /** On the same data and the same port. */
  async startAgain(): Promise<void> {
    this.earlier += this.process?.stderr() ?? "";
    await this.listen(new URL(this.origin).host);
  }

  stderr(): string {
    return this.earlier + (this.process?.stderr() ?? "");
  }

  async stop(): Promise<void> {
    await this.process?.stop();
    // A Postgres whose server was killed is still writing its last files.
    if (this.ownsFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }

  private async listen(address: string): Promise<void> {
    this.process = await Started.start(binary(), ["serve", "--listen", address], {
      env: this.environment,
      cwd: this.folder,
      patience: PATIENCE,
      read: (line) => READY.exec(line)?.[1],
    });
  }
}

function aws(endpoint: string, credentials: Credentials): Record<string, string> {
  const nowhereElse = { AWS_EC2_METADATA_DISABLED: "true" };
  if (credentials === "none") return nowhereElse;
  return {
    ...nowhereElse,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: credentials === "expired" ? "EXPIRED" : "lab",
    AWS_SECRET_ACCESS_KEY: "lab",
  };
}

function binary(): string {
  const found = process.env.LB502_BINARY ?? resolve(__dirname, "../../target/release/lb502");
  if (!existsSync(found)) throw new Error(`There is no server at ${found}: run scripts/build, or set LB502_BINARY.`);
  return found;
}
