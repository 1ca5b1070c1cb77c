//! Tells a chat of handoffs and of verdicts that changed: one message for each, signed, tried again until it arrives.
//!
//! The body is what Slack's incoming webhooks take, `{"text": …}`. The headers say what it is about and let the
//! receiver check that it came from here:
//!
//! - `lb502-event`: `handoff_sent`, `handoff_accepted` or `verdict_changed`
//! - `lb502-investigation`, `lb502-delivery`: ids; a message that is repeated keeps its own
//! - `lb502-timestamp`: seconds since 1970; refuse what is older than five minutes
//! - `lb502-signature`: `v1=` and, in hex, the HMAC-SHA256 of `<timestamp>.<body>` under LB502_WEBHOOK_SECRET

mod message;
mod send;
mod signature;

use std::{fmt, time::Duration};

use url::Url;

pub(crate) use send::start;

/// How long one attempt may take, its answer included.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Where messages go. Its address and its secret are never logged: an address of Slack is a secret itself.
#[derive(Clone)]
pub struct Webhook {
    address: Url,
    secret: Option<String>,
    client: reqwest::Client,
}

/// Why a webhook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(
        "LB502_WEBHOOK_URL is no address of a webhook: give https://…, or http:// on this machine"
    )]
    Address,
    #[error("LB502_WEBHOOK_SECRET is shorter than 16 characters: give a longer one, or none")]
    Secret,
    #[error("no HTTPS client could be made: {0}")]
    Client(#[from] reqwest::Error),
}

impl Webhook {
    /// `https`, or `http` to this machine. Without a secret messages are not signed: Slack checks no signature.
    pub fn new(address: &str, secret: Option<&str>) -> Result<Self, WebhookError> {
        let address = Url::parse(address.trim()).map_err(|_| WebhookError::Address)?;
        let local = match address.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let sound = match address.scheme() {
            "https" => address.host().is_some(),
            "http" => local,
            _ => false,
        };
        if !sound {
            return Err(WebhookError::Address);
        }
        let secret = secret.filter(|secret| !secret.is_empty());
        if secret.is_some_and(|secret| secret.chars().count() < 16) {
            return Err(WebhookError::Secret);
        }
        // The one provider that the AWS SDK uses as well. An error says that it is set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT)
            .connect_timeout(Duration::from_secs(3))
            // A redirect could lead what is told of an incident anywhere.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("lb502/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            address,
            secret: secret.map(ToOwned::to_owned),
            client,
        })
    }

    /// From LB502_WEBHOOK_URL and LB502_WEBHOOK_SECRET; `None` where the first is not set.
    ///
    /// # Errors
    /// Where they cannot be used: a server that tells nobody is not what was asked for.
    pub fn from_environment() -> Result<Option<Self>, WebhookError> {
        let setting = |name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        };
        let Some(address) = setting("LB502_WEBHOOK_URL") else {
            return Ok(None);
        };
        Self::new(&address, setting("LB502_WEBHOOK_SECRET").as_deref()).map(Some)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_or_local_addresses_are_taken() {
        for good in [
            "https://hooks.example.com/a",
            "http://127.0.0.1:9000/x",
            "http://[::1]:1/",
            "http://localhost/",
        ] {
            assert!(Webhook::new(good, None).is_ok(), "{good}");
        }
        for bad in [
            "",
            "hooks",
            "http://hooks.example.com/a",
            "ftp://localhost/",
            "file:///etc",
        ] {
            assert!(Webhook::new(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_long_or_not_there() {
        assert!(Webhook::new("https://a.example", Some("short")).is_err());
        assert!(Webhook::new("https://a.example", Some("")).is_ok());
        assert!(Webhook::new("https://a.example", Some("0123456789abcdef")).is_ok());
    }

    #[test]
    fn its_address_is_in_no_log() {
        let webhook =
            Webhook::new("https://a.example/T0/secret", Some("0123456789abcdef")).unwrap();
        let logged = format!("{webhook:?}");
        assert!(
            !logged.contains("secret") && !logged.contains("0123"),
            "{logged}"
        );
    }
}
