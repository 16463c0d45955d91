use super::*;
use crate::domain::fixture::risky_user;

fn mask() -> Mask {
    let mut mask = Mask::new(["Detection details", "Mark all users"].into_iter());
    for (id, name) in [("adele", "Adele Vance"), ("lee", "Lee Gu"), ("bob", "Bob"), ("detection", "Detection Team"), ("adam", "Adele Vann")]
    {
        let mut records = risky_user(id, "passwordSpray");
        records.user.user_display_name = Some(name.into());
        for sign_in in &mut records.sign_ins {
            sign_in.user_display_name = Some(name.into());
            sign_in.ip_address = Some("203.0.113.7".into());
        }
        for detection in &mut records.detections {
            detection.user_display_name = Some(name.into());
        }
        mask.learn(&records);
    }
    mask.learn_own("contoso.test", Alias::Tenant);
    mask.learn_own("mark", Alias::You);
    mask.learn_own("tester", Alias::You);
    mask
}

/// The lines, with aliases in brackets.
fn masked(text: &str) -> String {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let found = mask().find(&lines);
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let mut text = String::new();
        let mut from = 0;
        for found in found.iter().filter(|found| found.line == at) {
            text.extend(&line[from..found.from]);
            text.push_str(&format!("[{}]", found.alias.words()));
            from = found.to;
        }
        text.extend(&line[from..]);
        out.push(text);
    }
    out.join("\n")
}

#[test]
fn names_addresses_and_the_tenant_are_found_wherever_they_stand() {
    assert_eq!(masked("▌ ● HIGH Adele Vance 4 · adele@contoso.test"), "▌ ● HIGH [user 1] 4 · [user 1]");
    assert_eq!(masked("Lee Gu, Bob and ADELE VANCE."), "[user 2], [user 3] and [user 1].");
    assert_eq!(masked("from 203.0.113.7, 203.0.113.0/24 and 2001:db8::7"), "from [ip 1], [ip ?]/24 and [ip ?]");
    assert_eq!(masked("contoso.test tester mark marks"), "[tenant] [you] mark marks");
    assert_eq!(masked("by admin@fabrikam.test (a guest)"), "by [user ?] (a guest)");
}

#[test]
fn what_is_cut_off_or_wrapped_is_found_too() {
    assert_eq!(masked("Adele Van…  Bo…  203.0.1… Lee…"), "[user ?]  Bo…  [ip 1] [user 2]");
    assert_eq!(masked("privileged: Lee"), "privileged: [user 2]");
    assert_eq!(masked("adele Vaughn"), "[user ?] Vaughn");
    assert_eq!(masked("┃ taken in: Adele  ┃\n┃ Vance and more   ┃"), "┃ taken in: [user ?]  ┃\n┃ [user 1] and more   ┃");
    assert_eq!(masked("│ for Lee │\n│ Gu.     │"), "│ for [user 2] │\n│ [user 2].     │");
    assert_eq!(masked("┃ x     │ 203.0.113.7   ┃\n┃ 7 h   │ more          ┃"), "┃ x     │ [ip 1]   ┃\n┃ 7 h   │ more          ┃");
    assert_eq!(masked("   adele@con\n   toso.test"), "   [user 1]\n   [user 1]");
}

#[test]
fn what_names_nobody_is_left() {
    for text in [
        "Detection details",
        "2026-11-22 14:02:11 UTC",
        "bobbin",
        "Chrome 141.0",
        "━━ 203 ┓",
        "│ from ▲ │\n│ 1 h    │",
        "12 high · 31 medium",
        "14:05 T1078.004",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn an_alias_that_has_no_room_does_not_name_another() {
    assert_eq!([7, 4, 3, 2, 1, 0].map(|columns| Alias::User(17).fitted(columns)), ["user 17", "u17", "u17", "…", "…", ""]);
}

#[test]
fn numbers_stay() {
    let mut mask = mask();
    let alias = mask.alias("Bob");
    mask.learn(&risky_user("aaron", "newCountry"));
    let mut bob = risky_user("bob", "newCountry");
    bob.user.user_display_name = Some("Bob the new".into());
    mask.learn(&bob);
    assert_eq!((mask.alias("Bob"), mask.alias("Bob the new")), (alias, alias));
}
