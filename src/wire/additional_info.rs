//! `additionalInfo` of a detection: a string that holds JSON (`reference/graph.md` section 1.5).

use serde_json::Value;

/// The pairs in a detection's `additionalInfo`; the raw text under "additionalInfo" where it does not parse.
pub fn additional_info(text: &str) -> Vec<(String, Value)> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let raw = || vec![("additionalInfo".to_owned(), Value::String(text.to_owned()))];
    match serde_json::from_str(text) {
        Ok(Value::Array(items)) => {
            let pairs: Option<Vec<_>> = items.into_iter().map(pair).collect();
            pairs.unwrap_or_else(raw)
        }
        Ok(Value::Object(object)) => object.into_iter().collect(),
        Ok(Value::Null) => Vec::new(),
        // Encoded once more than usual.
        Ok(Value::String(inner)) if inner.len() < text.len() => additional_info(&inner),
        _ => raw(),
    }
}

/// `{"Key": …, "Value": …}`, in either case.
fn pair(item: Value) -> Option<(String, Value)> {
    let Value::Object(mut item) = item else { return None };
    let key = ["Key", "key"].iter().find_map(|name| item.remove(*name))?;
    let value = ["Value", "value"].iter().find_map(|name| item.remove(*name)).unwrap_or(Value::Null);
    Some((key.as_str()?.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_are_read_and_null_values_stay() {
        let text = r#"[{"Key":"alertUrl","Value":null},{"key":"mitreTechniques","value":"T1078"}]"#;
        let expected = vec![("alertUrl".to_owned(), Value::Null), ("mitreTechniques".to_owned(), json!("T1078"))];
        assert_eq!(additional_info(text), expected);
        assert_eq!(additional_info(&json!(text).to_string()), expected);
    }

    #[test]
    fn what_does_not_parse_is_shown_as_it_is() {
        assert_eq!(additional_info("[1, {]"), vec![("additionalInfo".to_owned(), json!("[1, {]"))]);
        assert_eq!(additional_info("[1]"), vec![("additionalInfo".to_owned(), json!("[1]"))]);
        assert_eq!(additional_info(" "), vec![]);
    }
}
