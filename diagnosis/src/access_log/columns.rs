//! Where a field stands in a raw line, so that a person can be shown it.

use std::ops::Range;

use super::{
    format,
    tokens::{Quotes, split},
};
use crate::evidence::LoadBalancerType;

/// Fields that decide what a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Type,
    Time,
    Client,
    Target,
    RequestProcessingTime,
    TargetProcessingTime,
    ResponseProcessingTime,
    ElbStatusCode,
    TargetStatusCode,
    ReceivedBytes,
    Request,
    TargetGroupArn,
    MatchedRulePriority,
    ErrorReason,
}

/// More fields than any known line has.
const MOST: usize = 40;

impl Column {
    /// AWS's own name for it.
    pub(crate) const fn name(self, format: LoadBalancerType) -> &'static str {
        let classic = matches!(format, LoadBalancerType::Classic);
        match self {
            Self::Type => "type",
            Self::Time if classic => "timestamp",
            Self::Time => "time",
            Self::Client => "client:port",
            Self::Target if classic => "backend:port",
            Self::Target => "target:port",
            Self::RequestProcessingTime => "request_processing_time",
            Self::TargetProcessingTime if classic => "backend_processing_time",
            Self::TargetProcessingTime => "target_processing_time",
            Self::ResponseProcessingTime => "response_processing_time",
            Self::ElbStatusCode => "elb_status_code",
            Self::TargetStatusCode if classic => "backend_status_code",
            Self::TargetStatusCode => "target_status_code",
            Self::ReceivedBytes => "received_bytes",
            Self::Request => "request",
            Self::TargetGroupArn => "target_group_arn",
            Self::MatchedRulePriority => "matched_rule_priority",
            Self::ErrorReason => "error_reason",
        }
    }

    /// Counted from 0; `None` where the format has no such field.
    const fn place(self, format: LoadBalancerType) -> Option<usize> {
        let place = match self {
            Self::Type => 0,
            Self::Time => 1,
            Self::Client => 3,
            Self::Target => 4,
            Self::RequestProcessingTime => 5,
            Self::TargetProcessingTime => 6,
            Self::ResponseProcessingTime => 7,
            Self::ElbStatusCode => 8,
            Self::TargetStatusCode => 9,
            Self::ReceivedBytes => 10,
            Self::Request => 12,
            Self::TargetGroupArn => 16,
            Self::MatchedRulePriority => 20,
            Self::ErrorReason => 24,
        };
        match format {
            LoadBalancerType::Application => Some(place),
            // The same fields without the type in front, and none of the later ones.
            LoadBalancerType::Classic if place == 0 || place > 12 => None,
            LoadBalancerType::Classic => Some(place - 1),
        }
    }

    /// The bytes of the line that it takes, without the quotes around it; `None` where the line ends
    /// before it.
    pub(crate) fn range(self, format: LoadBalancerType, line: &str) -> Option<Range<usize>> {
        let place = self.place(format)?;
        let bytes = line.as_bytes();
        let quotes = if format::parse_with(format, bytes, Quotes::Escaped).is_none()
            && format::parse_with(format, bytes, Quotes::Plain).is_some()
        {
            Quotes::Plain
        } else {
            Quotes::Escaped
        };
        let mut fields = [&b""[..]; MOST];
        // No further than the field itself: a cut line may end inside a later quote.
        let fields = fields.get_mut(..=place)?;
        let (filled, _) = split(bytes, 0, fields, quotes)?;
        if filled <= place {
            return None;
        }
        let field = fields.last()?;
        let start = (field.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
        let range = start..start + field.len();
        line.get(range.clone()).map(|_| range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"https 2026-11-20T10:02:07.000000Z app/shop/50dc 203.0.113.9:40001 10.0.1.7:8080 0.001 0.000 -1 502 - 322 277 "GET https://shop.example.com:443/a\"b HTTP/1.1" "Mozilla/5.0 (\x22x\x22)" - - arn:aws:x "Root=1-1" "shop" "-" 0 2026-11-20T10:02:07.000000Z "forward" "-" "LambdaUnhandled""#;
    const CLASSIC: &str = r#"2026-11-20T10:02:07.000000Z shop 203.0.113.9:40001 - -1 -1 -1 504 0 322 277 "GET http://shop/ HTTP/1.1" "curl" - -"#;

    fn text(column: Column, format: LoadBalancerType, line: &str) -> Option<&str> {
        column.range(format, line).map(|range| &line[range])
    }

    #[test]
    fn fields_are_found_in_both_formats() {
        let alb = |column| text(column, LoadBalancerType::Application, LINE);
        assert_eq!(alb(Column::Type), Some("https"));
        assert_eq!(alb(Column::Target), Some("10.0.1.7:8080"));
        assert_eq!(alb(Column::TargetProcessingTime), Some("0.000"));
        assert_eq!(alb(Column::TargetStatusCode), Some("-"));
        assert_eq!(alb(Column::TargetGroupArn), Some("arn:aws:x"));
        assert_eq!(alb(Column::ErrorReason), Some("LambdaUnhandled"));
        let classic = |column| text(column, LoadBalancerType::Classic, CLASSIC);
        assert_eq!(classic(Column::Type), None);
        assert_eq!(classic(Column::Time), Some("2026-11-20T10:02:07.000000Z"));
        assert_eq!(classic(Column::ElbStatusCode), Some("504"));
        assert_eq!(classic(Column::Request), Some("GET http://shop/ HTTP/1.1"));
        assert_eq!(classic(Column::ErrorReason), None);
    }

    #[test]
    fn cut_and_odd_lines_give_what_is_left() {
        let columns = [
            Column::Type,
            Column::Time,
            Column::Target,
            Column::TargetStatusCode,
            Column::Request,
            Column::ErrorReason,
        ];
        for line in [
            LINE,
            CLASSIC,
            "",
            "\"",
            "a \"b",
            "é é é é \"é\\\" é é é é é é é é é\u{fffd}",
        ] {
            for end in (0..=line.len()).filter(|end| line.is_char_boundary(*end)) {
                for column in columns {
                    for format in [LoadBalancerType::Application, LoadBalancerType::Classic] {
                        let cut = &line[..end];
                        let _ = text(column, format, cut);
                    }
                }
            }
        }
        let cut = &LINE[..LINE.find("Mozilla").unwrap()];
        let alb = LoadBalancerType::Application;
        assert_eq!(text(Column::ElbStatusCode, alb, cut), Some("502"));
        assert_eq!(text(Column::TargetGroupArn, alb, cut), None);
    }
}
