//! What AWS's words in `error_reason` mean. [V] DOC-AL, "Error reason codes"

use crate::rules;

/// `None` for a word that DOC-AL does not list.
pub(super) fn tells(reason: &str) -> Option<&'static str> {
    let own = match reason {
        "AuthInvalidCookie" => "the authentication cookie is not valid",
        "AuthInvalidGrantError" => "the grant code is not valid to the token endpoint",
        "AuthInvalidIdToken" => "the ID token is not valid",
        "AuthInvalidStateParam" => "the state parameter is not valid",
        "AuthInvalidTokenResponse" => "the token endpoint's answer is not valid",
        "AuthInvalidUserinfoResponse" => "the user info endpoint's answer is not valid",
        "AuthMissingCodeParam" => "the identity provider sent the user back without a code",
        "AuthMissingHostHeader" => "the authentication request has no Host header",
        "AuthMissingStateParam" => "the identity provider sent the user back without a state",
        "AuthTokenEpRequestFailed" => "the token endpoint answered with an error",
        "AuthTokenEpRequestTimeout" => {
            "the token endpoint could not be reached or did not answer within 5 s"
        }
        "AuthUnhandledException" => "authentication failed inside the load balancer",
        "AuthUserinfoEpRequestFailed" => "the user info endpoint answered with an error",
        "AuthUserinfoEpRequestTimeout" => {
            "the user info endpoint could not be reached or did not answer within 5 s"
        }
        "AuthUserinfoResponseSizeExceeded" => "the claims about the user are larger than 11 KB",
        "AWSALBTGCookieInvalid" => {
            "the cookie that ties a client to a weighted target group is not valid"
        }
        "WeightedTargetGroupsUnhandledException" => {
            "the choice between weighted target groups failed inside the load balancer"
        }
        "WAFConnectionError" => "the load balancer could not connect to AWS WAF",
        "WAFConnectionTimeout" => "the connection to AWS WAF timed out",
        "WAFResponseReadTimeout" => "AWS WAF did not answer in time",
        "WAFServiceError" => "AWS WAF answered with an error",
        "WAFUnhandledException" => "asking AWS WAF failed inside the load balancer",
        _ => return rules::lambda_reason(reason),
    };
    Some(own)
}
