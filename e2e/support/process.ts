import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What `stderr` keeps of a process that says a lot, in characters. */
const STDERR_MAX = 200_000;

/** Every process that is still under way: none outlives the tests, however they end. */
const underWay = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of underWay) child.kill("SIGKILL");
});

/** A program that says on its standard output when it is ready. */
export class Started<T> {
  private constructor(
    private readonly child: ChildProcess,
    private readonly said: string[],
    /** What was read from the line that said so. */
    readonly ready: T,
  ) {}

  /**
   * Starts a program and waits until `read` makes something of a line of its standard output.
   * Fails with the program's standard error if it ends first, or after `patience` milliseconds.
   */
  static async start<T>(
    program: string,
    args: string[],
    options: { env: Record<string, string>; cwd?: string; patience: number; read: (line: string) => T | undefined },
  ): Promise<Started<T>> {
    const child = spawn(program, args, { env: options.env, cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
    underWay.add(child);
    child.once("exit", () => underWay.delete(child));
    const said: string[] = [];
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      said.push(text);
      while (said.length > 1 && said.join("").length > STDERR_MAX) said.shift();
    });
    const command = [program, ...args].join(" ");
    const ready = await new Promise<T>((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        child.kill("SIGKILL");
        reject(new Error(`${command}\n${why}\n${said.join("")}`));
      };
      const timer = setTimeout(() => fail(`was not ready after ${options.patience} ms`), options.patience);
      child.once("error", (error) => fail(`could not be started: ${error.message}`));
      child.once("exit", (code, signal) => fail(`ended with ${code ?? signal} before it was ready`));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const read = options.read(line);
        if (read === undefined) return;
        clearTimeout(timer);
        resolve(read);
      });
    });
    return new Started(child, said, ready);
  }

  stderr(): string {
    return this.said.join("");
  }

  /** Ends it as an operator would, and by force where that takes longer than `patience` milliseconds. */
  async stop(patience = 15_000): Promise<void> {
    if (this.ended()) return;
    const timer = setTimeout(() => this.child.kill("SIGKILL"), patience);
    const exit = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await exit;
    clearTimeout(timer);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (this.ended()) return;
    const exit = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exit;
  }

  private ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** The environment of a program that shall see nothing of the person's who runs the tests. */
export function bareEnvironment(home: string): Record<string, string> {
  return { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: home, LANG: "C.UTF-8", TZ: "UTC" };
}
