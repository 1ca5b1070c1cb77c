import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bareEnvironment, Started } from "./process";

/** What the lab says of an incident that it seeded. */
export interface Incident {
  name: string;
  description: string;
  region: string;
  load_balancer: { name: string; arn: string; dns_name: string; type: string };
  /** RFC 3339, on whole minutes. */
  window: { from: string; to: string };
  expected_first_rule: string | null;
  expected_verdict: string;
  ledger: { requests: number; made_by_load_balancer: number; made_by_target: number };
}

/** A call that shall fail: services go by their names in IAM actions. */
export interface Fault {
  service: string;
  operation: string;
  fault: "deny" | "throttle" | "error" | "hang" | "truncate";
  times?: number;
}

/** Versions of the API by which its two kinds of load balancers are told apart. */
const CLASSIC = "2012-06-01";
const APPLICATION = "2015-12-01";

/** Seeding builds whole accounts on a machine that may be busy with other tests. */
const PATIENCE = 120_000;

/** AWS as far as lb502 can tell: one process with incidents in it. */
export class Lab {
  private constructor(private readonly process: Started<{ endpoint: string; incidents: Record<string, Incident> }>) {}

  static async start(incidents: string[]): Promise<Lab> {
    const args = ["-m", "lb502_lab", "serve", "--port", "0", "--incident", ...incidents];
    return new Lab(
      await Started.start(python(), args, {
        env: bareEnvironment(tmpdir()),
        cwd: resolve(__dirname, "../../lab"),
        patience: PATIENCE,
        read: (line) => (line.startsWith("{") ? JSON.parse(line) : undefined),
      }),
    );
  }

  get endpoint(): string {
    return this.process.ready.endpoint;
  }

  incident(name: string): Incident {
    const incident = this.process.ready.incidents[name];
    if (!incident) throw new Error(`the lab was started without the incident ${name}`);
    return incident;
  }

  /** From now on these calls fail, and no others. Calls that hang are let go with an error first. */
  async setFaults(...rules: Fault[]): Promise<void> {
    await this.control("POST", "faults", { rules });
  }

  async clearFaults(): Promise<void> {
    await this.control("DELETE", "faults");
  }

  /** A Classic load balancer of this name, so that the name alone no longer says which one is meant. */
  async addClassicLoadBalancer(name: string): Promise<void> {
    await this.balancing(CLASSIC, {
      Action: "CreateLoadBalancer",
      LoadBalancerName: name,
      "AvailabilityZones.member.1": "eu-west-1a",
      "Listeners.member.1.Protocol": "HTTP",
      "Listeners.member.1.LoadBalancerPort": "80",
      "Listeners.member.1.InstanceProtocol": "HTTP",
      "Listeners.member.1.InstancePort": "8080",
    });
  }

  async removeClassicLoadBalancer(name: string): Promise<void> {
    await this.balancing(CLASSIC, { Action: "DeleteLoadBalancer", LoadBalancerName: name });
  }

  /** Somebody changes the load balancer's idle timeout. */
  async setIdleTimeout(arn: string, seconds: number): Promise<void> {
    await this.balancing(APPLICATION, {
      Action: "ModifyLoadBalancerAttributes",
      LoadBalancerArn: arn,
      "Attributes.member.1.Key": "idle_timeout.timeout_seconds",
      "Attributes.member.1.Value": String(seconds),
    });
  }

  /** The load balancer counts so many requests in each minute of an hour, and no error. */
  async reportRequests(arn: string, from: string, eachMinute: number): Promise<void> {
    const dimensions = { LoadBalancer: arn.split("loadbalancer/")[1] };
    const points = Array.from({ length: 60 }, (_, minute) => ({
      namespace: "AWS/ApplicationELB",
      name: "RequestCount",
      dimensions,
      at: new Date(new Date(from).getTime() + minute * 60_000).toISOString(),
      value: eachMinute,
    }));
    await this.control("POST", "metrics", { points });
  }

  stderr(): string {
    return this.process.stderr();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  private async control(method: string, page: string, body?: object): Promise<void> {
    await succeed(await fetch(`${this.endpoint}/_lab/${page}`, { method, body: body && JSON.stringify(body) }));
  }

  /** One call of the API of this version, signed for show: the lab reads who calls and for which service, no more. */
  private async balancing(version: string, parameters: Record<string, string>): Promise<void> {
    const scope = `${new Date().toISOString().slice(0, 10).replaceAll("-", "")}/eu-west-1/elasticloadbalancing/aws4_request`;
    await succeed(
      await fetch(`${this.endpoint}/`, {
        method: "POST",
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=lab/${scope}, SignedHeaders=host, Signature=0`,
        },
        body: new URLSearchParams({ Version: version, ...parameters }),
      }),
    );
  }
}

async function succeed(response: Response): Promise<void> {
  if (!response.ok) throw new Error(`the lab answered ${response.status}: ${await response.text()}`);
}

function python(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const found = process.env.LB502_LAB_PYTHON ?? join(cache, "lb502/lab-venv/bin/python");
  if (!existsSync(found)) throw new Error(`There is no lab at ${found}: run scripts/setup/lab, or set LB502_LAB_PYTHON.`);
  return found;
}
