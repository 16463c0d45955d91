//! stub
/// stub
pub fn is_token_theft(kind: &str) -> bool {
    ["anomalousToken", "tokenIssuerAnomaly"].contains(&kind)
}
