//! When a load balancer answers a code, and where to look for why. [V] DOC-TS, Classic guide, but for
//! what bears another grade.

use super::counted::Code;

/// Where only targets answered so.
pub(super) const IN_THE_APPLICATION: &str = "The application's own log: the targets answered so themselves, and the load balancer passed it on.";

pub(super) fn means(code: Code, classic: bool) -> &'static str {
    match (code, classic) {
        (Code::One(400), true) => "The request was not well-formed HTTP.",
        (Code::One(400), false) => {
            "The request was not well-formed HTTP, its headers were over the limits (16 K a line or header, \
             64 K together), or the client hung up before it had sent the whole body."
        }
        (Code::One(408), true) => {
            "The client gave its request up or did not send all of it, or its connection was closed before \
             the answer."
        }
        (Code::One(408), false) => {
            "The client sent no data for as long as the idle timeout; TCP keep-alive does not count as data."
        }
        (Code::One(413), _) => {
            "The request was too large: a body over 1 MB for a Lambda function, or headers over the limits."
        }
        (Code::One(460), _) => {
            "The client closed the connection before it had an answer, and before the idle timeout was over."
        }
        (Code::One(463), _) => "The request's X-Forwarded-For header held more than 30 addresses.",
        (Code::One(464), _) => {
            "The request's protocol does not fit the protocol version of the target group."
        }
        (Code::One(500), _) => {
            "AWS WAF failed on the request, or the identity provider could not be reached, took longer than \
             5 s, or sent more than 11 KB of claims."
        }
        (Code::One(501), _) => {
            "The request's Transfer-Encoding is none that the load balancer takes (chunked, identity)."
        }
        (Code::One(503), true) => {
            "There was no registered or no healthy instance, no capacity in the load balancer, or its surge \
             queue was full."
        }
        (Code::One(503), false) => {
            "There was no target to choose: the target group has no registered target, or all of them are \
             unused. A target optimizer that turns requests away answers so as well [S]."
        }
        (Code::One(504), true) => {
            "The instance did not answer within the idle timeout, or closed the connection: a keep-alive \
             race, which an Application Load Balancer answers with 502, is 504 on Classic."
        }
        (Code::One(504), false) => {
            "The load balancer waited too long: 10 s for a connection to the target or its TLS handshake, \
             the idle timeout for the answer or the rest of it, or for Lambda to take the request."
        }
        (Code::One(505), _) => {
            "The request named an HTTP version that the load balancer did not expect."
        }
        (Code::One(507), _) => "The URL of a redirect came out too long.",
        (Code::One(561), _) => {
            "The identity provider answered with an error when the load balancer had it authenticate the user."
        }
        (Code::Any4xx, _) => {
            "All codes of the 4xx range that the load balancer answered itself: CloudWatch counts them \
             together."
        }
        (Code::Any5xx, true) => {
            "502, 503 and 504 together: CloudWatch does not count them apart on Classic. What the instances \
             answered may hold 502s too."
        }
        (Code::Any5xx, false) => {
            "Codes of the 5xx range without a counter of their own (501, 505, 507, 561). What targets \
             answered is counted over all codes, and may hold 502s too."
        }
        (Code::One(_), _) => "A code that AWS documents no cause for.",
    }
}

/// What to do next where no finding explains it.
pub(super) fn look_at(code: Code, classic: bool) -> &'static str {
    match (code, classic) {
        (Code::One(400), true) => "The clients' requests, captured as they are sent.",
        (Code::One(400), false) => {
            "The clients' requests, and the load balancer's desync mitigation mode where the log gives a \
             classification."
        }
        (Code::One(408), _) => "The clients and the network on the way to them.",
        (Code::One(413), _) => {
            "The size of the requests; large bodies for a function go by way of S3."
        }
        (Code::One(460), _) => {
            "The time-outs of the clients, and of proxies in front of the load balancer, against how long the \
             targets take."
        }
        (Code::One(463), _) => {
            "The proxies in front of the load balancer: one may send requests round in a loop."
        }
        (Code::One(464), _) => {
            "The listener's rules, and the protocol version of the groups they forward to."
        }
        (Code::One(500), _) => {
            "The web ACL and AWS WAF's health where WAF failed; the way from the load balancer to the \
             identity provider where authentication did."
        }
        (Code::One(501), _) => "The clients that send the Transfer-Encoding.",
        (Code::One(503), true) => {
            "HealthyHostCount, SurgeQueueLength and SpilloverCount in the step Load."
        }
        (Code::One(503), false) => {
            "The targets' registrations over the window, in the step Target health, and the rules that \
             forward to the group."
        }
        (Code::One(504), true) => {
            "The keep-alive of the instances' server against the idle timeout, and the slowest routes."
        }
        (Code::One(504), false) => {
            "The step Network where no connection came about; the slow routes and the targets' CPU where the \
             answer did not come."
        }
        (Code::One(505), _) => "The clients that send the request line.",
        (Code::One(507), _) => "The redirect action of the listener's rule.",
        (Code::One(561), _) => {
            "The identity provider's own log, and the client id and secret of the rule."
        }
        (Code::Any4xx | Code::Any5xx, _) => {
            "Access logs: they tell the codes and their causes apart."
        }
        (Code::One(_), _) => "The rows of this code.",
    }
}
