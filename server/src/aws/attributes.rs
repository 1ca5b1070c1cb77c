//! Attributes as load balancers and target groups have them: keys with values, all of them text.

use std::collections::HashMap;

use diagnosis::evidence::LoadBalancerAttributes;

/// The attributes that AWS gave. Which there are differs by region and by time.
#[derive(Debug)]
pub(super) struct Given<'a>(HashMap<&'a str, &'a str>);

impl<'a> Given<'a> {
    pub(super) fn new(
        attributes: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Self {
        Self(
            attributes
                .into_iter()
                .filter_map(|(key, value)| Some((key?, value?)))
                .collect(),
        )
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| (*value).to_owned())
    }

    /// `None` also for what is no number.
    pub(super) fn number(&self, key: &str) -> Option<u32> {
        self.0.get(key)?.parse().ok()
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key).map(|value| *value == "true")
    }
}

/// One line for people.
pub(super) fn detail(attributes: &LoadBalancerAttributes) -> String {
    let on = if attributes.access_logs.enabled {
        "on"
    } else {
        "off"
    };
    format!(
        "idle timeout {} s, access logs {on}",
        attributes.idle_timeout
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_or_no_number_is_none() {
        let given = Given::new([
            (Some("idle_timeout.timeout_seconds"), Some("4000")),
            (Some("routing.http2.enabled"), Some("true")),
            (Some("slow_start.duration_seconds"), Some("soon")),
            (Some("access_logs.s3.bucket"), None),
        ]);
        assert_eq!(given.number("idle_timeout.timeout_seconds"), Some(4000));
        assert_eq!(given.flag("routing.http2.enabled"), Some(true));
        assert_eq!(given.number("slow_start.duration_seconds"), None);
        assert_eq!(given.text("access_logs.s3.bucket"), None);
    }
}
