//! What lies over the panes while something is remediated, as drawn at the usual and at the smallest size.

use super::tests::{mono, screen};
use crate::app::playbook_tests::{begun, play_step};
use crate::app::remedy_tests::{choose, ended, explain_with, explanation, in_tenant, password};
use crate::app::tests::keys;
use crate::app::{App, Msg};
use crate::domain::action::Action;
use crate::domain::facts;
use crate::domain::fixture::now;
use crate::domain::journal::Outcome;

const SIZES: [(u16, u16); 2] = [(80, 24), (60, 18)];

/// The screen at both sizes.
fn both(make: impl Fn((u16, u16)) -> App) -> String {
    SIZES.map(|size| screen(&make(size))).join("\n\n")
}

#[test]
fn no_size_breaks_the_drawing_of_a_remediation() {
    let makes: [fn((u16, u16)) -> App; 5] = [
        |size| explained(size, "e"),
        |size| explained(size, "u"),
        |size| begun(size, Action::SecureAccount),
        |size| {
            let mut app = in_tenant(size);
            choose(&mut app, Action::SecureAccount);
            keys(&mut app, "shift-tab");
            app
        },
        |size| {
            let mut app = in_tenant(size);
            (1..40).for_each(|byte| _ = app.update(password("alex@contoso.test", byte), now()));
            app
        },
    ];
    for make in makes {
        let mut app = make((120, 40));
        for columns in (1..=140).step_by(13) {
            for rows in (1..=45).step_by(4) {
                app.update(Msg::Resize(columns, rows), now());
                screen(&app);
            }
        }
    }
}

fn explained(size: (u16, u16), key: &str) -> App {
    let mut app = in_tenant(size);
    keys(&mut app, key);
    app.update(Msg::Looked { users: vec!["alex".into()], problem: None }, now());
    explain_with(&mut app, explanation("alex"));
    app
}

#[test]
fn an_explanation() {
    insta::assert_snapshot!(both(|size| explained(size, "e")), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     ┏ Explain: User alex ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ pgdn ▾ ┓
    ┏┃ What was it? The answer decides the verb                                   ┃┓
    ┃┃ True positive: Confirm user compromised (c)                                ┃┃
    ┃┃     the address is new for the user                                        ┃┃
    ┃┃     Entra learns that it was right.                                        ┃┃
    ┃┃ False positive: Confirm user safe (s)                                      ┃┃
    ┃┃     nothing speaks for it                                                  ┃┃
    ┃┃     Entra learns that it was wrong.                                        ┃┃
    ┃┃ Benign true positive: Dismiss user risk (d)                                ┃┃
    ┃┃     no test is known                                                       ┃┃
    ┃┃     Entra learns nothing.                                                  ┃┃
    ┗┃ Fixed elsewhere: Remediated elsewhere                                      ┃┛
    ┌┃     the password is old                                                    ┃┐
    │┃     Entra learns that it was right and is fixed.                           ┃│
    │┃                                                                            ┃│
    │┃ Why at risk, or blocked                                                    ┃│
    └┃   Password spray on 203.0.113.7 raised the risk to high.                   ┃┘
    ┌┃ Blocked by a policy on user risk.                                          ┃┐
    │┃   The last blocked sign-in was 2026-11-22 13:05:00 UTC (1 h ago), error    ┃│
    │┃   53003: Access has been blocked by Conditional Access policies.           ┃│
    │┃ Enter opens its plan · Esc closes                                          ┃│
    └┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Explain: User alex ━━━━━━━━━━━━━━━━━━━━━━━━━━━━ pgdn ▾ ┓
     ┃ What was it? The answer decides the verb               ┃
    ┏┃ True positive: Confirm user compromised (c)            ┃┓
    ┃┃     the address is new for the user                    ┃┃
    ┃┃     Entra learns that it was right.                    ┃┃
    ┃┃ False positive: Confirm user safe (s)                  ┃┃
    ┃┃     nothing speaks for it                              ┃┃
    ┃┃     Entra learns that it was wrong.                    ┃┃
    ┃┃ Benign true positive: Dismiss user risk (d)            ┃┃
    ┃┃     no test is known                                   ┃┃
    ┃┃     Entra learns nothing.                              ┃┃
    ┃┃ Fixed elsewhere: Remediated elsewhere                  ┃┃
    ┃┃     the password is old                                ┃┃
    ┃┃     Entra learns that it was right and is fixed.       ┃┃
    ┃┃ Enter opens its plan · Esc closes                      ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_options_of_an_explanation() {
    insta::assert_snapshot!(both(|size| {
        let mut app = explained(size, "e");
        keys(&mut app, "G k");
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     ┏ Explain: User alex ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ pgup ▴ ┓
    ┏┃            Clears user risk.                                               ┃┓
    ┃┃                                                                            ┃┃
    ┃┃ What an administrator can do                                               ┃┃
    ┃┃ ✓ yes      Temporary password                                              ┃┃
    ┃┃            because a cloud user                                            ┃┃
    ┃┃            Ends the password.                                              ┃┃
    ┃┃                                                                            ┃┃
    ┃┃ Ways out of a block for user risk                                          ┃┃
    ┃┃ ✓ yes      Dismiss (d)                                                     ┃┃
    ┃┃            because user risk blocks                                        ┃┃
    ┗┃            Ends the block, not the danger.                                 ┃┛
    ┌┃ ✓ yes      Exclude from policy                                             ┃┐
    │┃            because "Block high user risk" keeps the user out               ┃│
    │┃            The policy protects the user no more.                           ┃│
    │┃                                                                            ┃│
    └┃ What else                                                                  ┃┘
    ┌┃ ✗ no       Support case · done elsewhere                                   ┃┐
    │┃            because not deleted                                             ┃│
    │┃            If it could be done: Removes a deleted user.                    ┃│
    │┃ Enter opens its plan · Esc closes                                          ┃│
    └┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Explain: User alex ━━━━━━━━━━━━━━━━━━━━━━━━━━━━ pgup ▴ ┓
     ┃ ✓ yes      Dismiss (d)                                 ┃
    ┏┃            because user risk blocks                    ┃┓
    ┃┃            Ends the block, not the danger.             ┃┃
    ┃┃ ✓ yes      Exclude from policy                         ┃┃
    ┃┃            because "Block high user risk" keeps the    ┃┃
    ┃┃            user out                                    ┃┃
    ┃┃            The policy protects the user no more.       ┃┃
    ┃┃                                                        ┃┃
    ┃┃ What else                                              ┃┃
    ┃┃ ✗ no       Support case · done elsewhere               ┃┃
    ┃┃            because not deleted                         ┃┃
    ┃┃            If it could be done: Removes a deleted      ┃┃
    ┃┃            user.                                       ┃┃
    ┃┃ Enter opens its plan · Esc closes                      ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_ways_out() {
    insta::assert_snapshot!(both(|size| explained(size, "u")), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     ┏ Why blocked, and the ways out: User alex ━━━━━━━━━━━━━━━━━━━━━━━━━━ pgdn ▾ ┓
    ┏┃ Blocked by a policy on user risk.                                          ┃┓
    ┃┃   The last blocked sign-in was 2026-11-22 13:05:00 UTC (1 h ago), error    ┃┃
    ┃┃   53003: Access has been blocked by Conditional Access policies.           ┃┃
    ┃┃   Policies that keep the user out: Block high user risk                    ┃┃
    ┃┃   None of the sign-ins that were read went through.                        ┃┃
    ┃┃   The account is enabled.                                                  ┃┃
    ┃┃                                                                            ┃┃
    ┃┃ The ways out, in this order                                                ┃┃
    ┃┃ ✓ yes      Temporary password                                              ┃┃
    ┃┃            because a cloud user                                            ┃┃
    ┗┃            Ends the password.                                              ┃┛
    ┌┃ ? unknown  Secure password change · done elsewhere                         ┃┐
    │┃            because MFA registration not read                               ┃│
    │┃            Clears user risk.                                               ┃│
    │┃ ✓ yes      Dismiss (d)                                                     ┃│
    └┃            because user risk blocks                                        ┃┘
    ┌┃            Ends the block, not the danger.                                 ┃┐
    │┃ ✓ yes      Exclude from policy                                             ┃│
    │┃            because "Block high user risk" keeps the user out               ┃│
    │┃ Enter opens its plan · Esc closes                                          ┃│
    └┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Why blocked, and the ways out: User alex ━━━━━━ pgdn ▾ ┓
     ┃ Blocked by a policy on user risk.                      ┃
    ┏┃   The last blocked sign-in was 2026-11-22 13:05:00 UTC ┃┓
    ┃┃   (1 h ago), error 53003: Access has been blocked by   ┃┃
    ┃┃   Conditional Access policies.                         ┃┃
    ┃┃   Policies that keep the user out: Block high user     ┃┃
    ┃┃   risk                                                 ┃┃
    ┃┃   None of the sign-ins that were read went through.    ┃┃
    ┃┃   The account is enabled.                              ┃┃
    ┃┃                                                        ┃┃
    ┃┃ The ways out, in this order                            ┃┃
    ┃┃ ✓ yes      Temporary password                          ┃┃
    ┃┃            because a cloud user                        ┃┃
    ┃┃            Ends the password.                          ┃┃
    ┃┃ Enter opens its plan · Esc closes                      ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_answer_stands_before_the_first_way_out_however_small_the_screen_is() {
    let mut app = explained((60, 18), "u");
    let mut told = explanation("alex");
    told.warnings = vec!["The next sign-in will be blocked.".to_owned()];
    told.blocked = facts::Blocked { value: Some(false), by: Vec::new(), ended: false };
    told.advice[1].effect = "What it will do, at length. ".repeat(30);
    explain_with(&mut app, told);
    let shown = screen(&app);
    assert!(shown.contains("Not blocked.") && shown.contains("The next sign-in will be blocked."), "{shown}");
}

#[test]
fn who_is_not_blocked() {
    let mut app = in_tenant((60, 18));
    keys(&mut app, "j u");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Why blocked, and the ways out: User adele ━━━━━━━━━━━━━┓
     ┃ Not blocked.                                           ┃
    ┏┃   The last sign-in that went through was 2026-11-22    ┃┓
    ┃┃   13:05:00 UTC (1 h ago), from 203.0.113.7: a risky    ┃┃
    ┃┃   one.                                                 ┃┃
    ┃┃   The account is enabled.                              ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Reading sign-ins, devices and authentication methods … ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Esc closes                                             ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn what_diverged_has_a_next_step() {
    let mut app = ended(Action::BlockSignIn, None, Outcome::Diverged);
    keys(&mut app, "x enter");
    assert!(screen(&app).contains("What diverged is not as promised: look at it (e), then plan it again."), "{}", screen(&app));
}

#[test]
fn every_remediation() {
    insta::assert_snapshot!(both(|size| {
        let mut app = in_tenant(size);
        keys(&mut app, "a r j j");
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     ┏ Remediate ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 users ┓
    ┏┃ Secure account                4 of 5 will be secured, step by step         ┃┓
    ┃┃ Remediated elsewhere          3 of 5 will be closed as remediated          ┃┃
    ┃┃ Dismiss user risk (d)         3 of 5 will be dismissed                     ┃┃
    ┃┃ Confirm user compromised (c)  4 of 5 will be confirmed compromised         ┃┃
    ┃┃ Confirm user safe (s)         3 of 5 will be confirmed safe                ┃┃
    ┃┃ Generate temporary password   4 of 5 will get a temporary password         ┃┃
    ┃┃ Require password change       4 of 5 must change the password at the next… ┃┃
    ┃┃ Revoke sessions               4 of 5 will have their sessions revoked      ┃┃
    ┃┃ Block sign-in                 4 of 5 will be blocked                       ┃┃
    ┃┃ Unblock sign-in               off: already in that state, still at risk, … ┃┃
    ┗┃ Disable devices               4 of 5 will have their devices disabled      ┃┛
    ┌┃ Exclude from policy           choose which: will be left out of the policy ┃┐
    │┃ Disable policy                choose which: will be disabled, for everybo… ┃│
    │┃ Trust IP address              choose which: will be trusted                ┃│
    │┃ Cannot be undone. Passwords stay as they are: dismissing does not make an  ┃│
    └┃ identity safe. For a false positive, confirm safe teaches Entra; this does ┃┘
    ┌┃ not.                                                                       ┃┐
    │┃                                                                            ┃│
    │┃ Enter chooses · Esc closes                                                 ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    └──────────────────────────────────────────────────────────────────────────────┘
     5 marked   d dismiss  c compromised  s safe  r remediate  e explain  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Remediate ━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 users · 3 of 14 ┓
     ┃ Secure account                4 of 5 will be secured,… ┃
    ┏┃ Remediated elsewhere          3 of 5 will be closed a… ┃┓
    ┃┃ Dismiss user risk (d)         3 of 5 will be dismissed ┃┃
    ┃┃ Confirm user compromised (c)  4 of 5 will be confirme… ┃┃
    ┃┃ Confirm user safe (s)         3 of 5 will be confirme… ┃┃
    ┃┃ Generate temporary password   4 of 5 will get a tempo… ┃┃
    ┃┃ Require password change       4 of 5 must change the … ┃┃
    ┃┃ Revoke sessions               4 of 5 will have their … ┃┃
    ┃┃ Block sign-in                 4 of 5 will be blocked   ┃┃
    ┃┃ Cannot be undone. Passwords stay as they are:          ┃┃
    ┃┃ dismissing does not make an identity safe. For a false ┃┃
    ┃┃ positive, confirm safe teaches Entra; this does not.   ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Enter chooses · Esc closes                             ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     5 marked   d dismiss  c compromised  s safe  a all  ? help
    "#);
}

#[test]
fn which_policy() {
    insta::assert_snapshot!(both(|size| {
        let mut app = in_tenant(size);
        choose(&mut app, Action::ExcludeFromPolicy);
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                           DETECTIONS    UPDATED   STATE       ┃
    ┃▌  HIGH    User alex                      1             1 h       at risk     ┃
    ┃   MEDIUM  User adele                     1    ◆ token  1 h       at risk     ┃
    ┃   MEDIUM  User bob                       1             1 h       at risk     ┃
    ┃┏ Exclude from policy: which? ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓┃
    ┃┃ Block high user risk    keeps out · asks for block                         ┃┃
    ┃┃ Everybody does MFA      enabled · asks for mfa                             ┃┃
    ┃┃ The policy does not protect these users any more, and their risk stays     ┃┃
    ┃┃ open. It can be undone from the journal: do so when the cause is gone.     ┃┃
    ┗┃                                                                            ┃┛
    ┌┃                                                                            ┃┐
    │┃ Enter chooses · Esc closes                                                 ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    │                                                                              │
    └──────────────────────────────────────────────────────────────────────────────┘
    ┌ 3 Detection details ──────────────────────────────────────── 1 of 1 · pgdn ▾ ┐
    │Password spray · MEDIUM · at risk · real time · T1110                         │
    │An attack that tries common passwords on many accounts has found this one's.  │
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
      1 Risky users  2 Risky sign-ins  3 Detection details
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃┏ Exclude from policy: which? ━━━━━━━━━━━━━━━━━━━━━━━━━━━┓┃
    ┃┃ Block high user risk    keeps out · asks for block     ┃┃
    ┃┃ Everybody does MFA      enabled · asks for mfa         ┃┃
    ┃┃ The policy does not protect these users any more, and  ┃┃
    ┃┃ their risk stays open. It can be undone from the       ┃┃
    ┃┃ journal: do so when the cause is gone.                 ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Enter chooses · Esc closes                             ┃┃
    ┃┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_changes_of_a_policy() {
    insta::assert_snapshot!(both(|size| {
        let mut app = in_tenant(size);
        choose(&mut app, Action::ExcludeFromPolicy);
        keys(&mut app, "enter");
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                           DETECTIONS    UPDATED   STATE       ┃
    ┃▌  HIGH    User alex                      1             1 h       at risk     ┃
    ┃┏ Exclude from policy ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 1 user selected ┓┃
    ┃┃    1 will be left out of the policy                                        ┃┃
    ┃┃      User alex · alex@contoso.test · HIGH                                  ┃┃
    ┃┃      policy "Block high user risk": excludeUsers + alex, 1 others stay     ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┃┃ The policy does not protect these users any more, and their risk stays     ┃┃
    ┗┃ open. It can be undone from the journal: do so when the cause is gone.     ┃┛
    ┌┃ 1 request, about 2 s, then read back                                       ┃┐
    │┃ Reason (optional)                                                          ┃│
    │┃ Enter starts                                                               ┃│
    │┃ Enter on · ↑ recalls · Shift-Tab targets · Esc closes                      ┃│
    └┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┘
    ┌ 3 Detection details ──────────────────────────────────────── 1 of 1 · pgdn ▾ ┐
    │Password spray · MEDIUM · at risk · real time · T1110                         │
    │An attack that tries common passwords on many accounts has found this one's.  │
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Exclude from policy ━━━━━━━━━━━━━━━━━━ 1 user selected ┓
     ┃    1 will be left out of the policy                    ┃
    ┏┃      User alex · alex@contoso.test · HIGH              ┃┓
    ┃┃      policy "Block high user risk": excludeUsers +     ┃┃
    ┃┃      alex, 1 others stay                               ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ The policy does not protect these users any more, and  ┃┃
    ┃┃ their risk stays open. It can be undone from the       ┃┃
    ┃┃ journal: do so when the cause is gone.                 ┃┃
    ┃┃ 1 request, about 2 s, then read back                   ┃┃
    ┃┃ Reason (optional)                                      ┃┃
    ┃┃ Enter starts                                           ┃┃
    ┃┃ Enter on · ↑ recalls · Shift-Tab targets · Esc closes  ┃┃
    ┃┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_preview_of_a_playbook_and_its_steps() {
    insta::assert_snapshot!(both(|size| {
        let mut app = in_tenant(size);
        choose(&mut app, Action::SecureAccount);
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃┏ Secure account ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 1 user selected ┓┃
    ┃┃    1 will be secured, step by step                                         ┃┃
    ┃┃      User alex · alex@contoso.test · HIGH                                  ┃┃
    ┃┃      1. Confirm user compromised                                           ┃┃
    ┃┃      2. Generate temporary password                                        ┃┃
    ┃┃      3. Revoke sessions                                                    ┃┃
    ┃┃      4. Disable devices                                                    ┃┃
    ┃┃      not: Block sign-in                                                    ┃┃
    ┃┃                                                                            ┃┃
    ┗┃                                                                            ┃┛
    ┌┃ Confirms the compromise, gives a temporary password, blocks sign-in where  ┃┐
    │┃ asked, revokes sessions and disables devices. Each step is confirmed, sent ┃│
    │┃ and read back by itself; one that fails does not undo the others.          ┃│
    │┃ 4 requests in all, each step with a plan of its own                        ┃│
    └┃ Reason (optional)                                                          ┃┘
    ┌┃ Enter opens the checklist; nothing is sent yet                             ┃┐
    │┃ Enter on · Shift-Tab: steps, targets · Esc closes                          ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Secure account ━━━━━━━━━━━━━━━━━━━━━━━ 1 user selected ┓
     ┃    1 will be secured, step by step                     ┃
    ┏┃      User alex · alex@contoso.test · HIGH              ┃┓
    ┃┃      1. Confirm user compromised                       ┃┃
    ┃┃      … pgdn: 4 more lines · Shift-Tab lists all        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Confirms the compromise, gives a temporary password,   ┃┃
    ┃┃ blocks sign-in where asked, revokes sessions and       ┃┃
    ┃┃ disables devices. Each step is confirmed, sent and     ┃┃
    ┃┃ read back by itself; one that fails does not undo the  ┃┃
    ┃┃ others.                                                ┃┃
    ┃┃ 4 requests in all, each step with a plan of its own    ┃┃
    ┃┃ Reason (optional)                                      ┃┃
    ┃┃ Enter opens the checklist; nothing is sent yet         ┃┃
    ┃┃ Enter on · Shift-Tab: steps, targets · Esc closes      ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
    let mut app = in_tenant((60, 18));
    choose(&mut app, Action::SecureAccount);
    keys(&mut app, "shift-tab j j space");
    insta::assert_snapshot!(screen(&app), @r#"
     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Secure account ━━━━━━━━━━━━━━━━━━━━━━━ 1 user selected ┓
     ┃ [x] Confirm user compromised                           ┃
    ┏┃ [x] Generate temporary password                        ┃┓
    ┃┃ [x] Block sign-in                                      ┃┃
    ┃┃ [x] Revoke sessions                                    ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Confirms the compromise, gives a temporary password,   ┃┃
    ┃┃ blocks sign-in where asked, revokes sessions and       ┃┃
    ┃┃ disables devices. Each step is confirmed, sent and     ┃┃
    ┃┃ read back by itself; one that fails does not undo the  ┃┃
    ┃┃ others.                                                ┃┃
    ┃┃ 5 requests in all, each step with a plan of its own    ┃┃
    ┃┃ Reason (optional)                                      ┃┃
    ┃┃ Enter opens the checklist; nothing is sent yet         ┃┃
    ┃┃ space takes a step in or out · Tab goes on · Esc back  ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn a_checklist_with_a_failed_step() {
    insta::assert_snapshot!(both(|size| {
        let mut app = begun(size, Action::SecureAccount);
        play_step(&mut app, 8, Action::ConfirmUserCompromised, Outcome::Verified);
        play_step(&mut app, 9, Action::GenerateTemporaryPassword, Outcome::Failed);
        keys(&mut app, "k");
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft                      1 unfinished: x
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃┏ Secure account ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ playbook 7 · 2026-11-22 14:05 ┓┃
    ┃┃ alex@contoso.test                                                          ┃┃
    ┃┃ 2 of 4 steps settled, 1 failed                                             ┃┃
    ┃┃ ✓  Confirm user compromised       verified 1 of 1                          ┃┃
    ┃┃ ✗  Generate temporary password    failed: verified 0 of 1                  ┃┃
    ┃┃ ·  Revoke sessions                next: waiting                            ┃┃
    ┃┃ ·  Disable devices                waiting                                  ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┗┃                                                                            ┃┛
    ┌┃                                                                            ┃┐
    │┃                                                                            ┃│
    │┃ 403 not allowed. Enter tries again.                                        ┃│
    │┃                                                                            ┃│
    └┃                                                                            ┃┘
    ┌┃                                                                            ┃┐
    │┃ Enter tries again · D cancels · j k · Esc: later                           ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     ┏ Secure account ━━━━━━━━━ playbook 7 · 2026-11-22 14:05 ┓
     ┃ alex@contoso.test                                      ┃
    ┏┃ 2 of 4 steps settled, 1 failed                         ┃┓
    ┃┃ ✓  Confirm user compromised    verified 1 of 1         ┃┃
    ┃┃ ✗  Generate temporary password failed: verified 0 of 1 ┃┃
    ┃┃ ·  Revoke sessions             next: waiting           ┃┃
    ┃┃ ·  Disable devices             waiting                 ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ 403 not allowed. Enter tries again.                    ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Enter tries again · D cancels · j k · Esc: later       ┃┃
    ┗┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn the_jobs_and_the_question_before_cancelling() {
    let with_jobs = |size: (u16, u16), pressed: &str| {
        let mut app = begun(size, Action::SecureAccount);
        play_step(&mut app, 8, Action::ConfirmUserCompromised, Outcome::Verified);
        keys(&mut app, pressed);
        app
    };
    insta::assert_snapshot!(screen(&with_jobs((80, 24), "esc x j")), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft                      1 unfinished: x
    ┏┏ Jobs ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 2 ┓┓
    ┃┃ 1 open                                                                     ┃┃
    ┃┃ 8    done      11-22 14:05 alex@contoso.test      Confirm user compromise… ┃┃
    ┃┃ 7    open      11-22 14:05 alex@contoso.test      Secure account (playboo… ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┃┃                                                                            ┃┃
    ┗┃                                                                            ┃┛
    ┌┃                                                                            ┃┐
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    └┃                                                                            ┃┘
    ┌┃                                                                            ┃┐
    │┃ Secure account (playbook) · 1 of 4 steps settled · 2026-11-22 14:05        ┃│
    │┃ enter resumes · D cancels · U undoes · Esc closes                          ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help
    "#);
    insta::assert_snapshot!(screen(&with_jobs((60, 18), "esc x j D")), @r#"
     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft  1 unfinished: x
     ┏ Cancel ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
    ┏┃ Cancel playbook 7: Secure account?                     ┃┓
    ┃┃ 1 user: alex@contoso.test                              ┃┃
    ┃┃ Never sent: 3 steps (Generate temporary password,      ┃┃
    ┃┃ Revoke sessions, Disable devices)                      ┃┃
    ┃┃ What was sent stays done.                              ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ y cancels it for good · any other key goes back        ┃┃
    ┃┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┃
    ┃                                                          ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn temporary_passwords() {
    insta::assert_snapshot!(both(|size| {
        let mut app = in_tenant(size);
        app.update(password("alex@contoso.test", 1), now());
        app.update(password("a-very-long-name-that-does-not-fit-beside-its-password@contoso.test", 2), now());
        if size.0 < 80 {
            keys(&mut app, "esc");
        }
        app
    }), @r#"
     entriage  contoso.test  DEMO  read-write                      synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃   LEVEL ▾ USER                           DETECTIONS    UPDATED   STATE       ┃
    ┃▌  HIGH    User alex                      1             1 h       at risk     ┃
    ┃   MEDIUM  User adele                     1    ◆ token  1 h       at risk     ┃
    ┃   MEDIUM  User bob                       1             1 h       at risk     ┃
    ┃┏ Temporary passwords ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 2 users ┓┃
    ┃┃ Shown once and kept nowhere: cannot be shown again.                        ┃┃
    ┃┃ Each must be changed at the next sign-in.                                  ┃┃
    ┃┃ Lost? Once closed, r on the user: Generate temporary password.             ┃┃
    ┃┃                                                                            ┃┃
    ┗┃ alex@contoso.test                     Bbbb-3333-Bbbb-3333                  ┃┛
    ┌┃ a-very-long-name-that-does-not-fit-b… Cccc-4444-Cccc-4444                  ┃┐
    │┃                                                                            ┃│
    │┃ y copies · j k g G pgup pgdn · Esc Enter ask to close                      ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│
    └──────────────────────────────────────────────────────────────────────────────┘
    ┌ 3 Detection details ──────────────────────────────────────── 1 of 1 · pgdn ▾ ┐
    │Password spray · MEDIUM · at risk · real time · T1110                         │
    │An attack that tries common passwords on many accounts has found this one's.  │
    │That the account was used is not proven.                                      │
    └──────────────────────────────────────────────────────────────────────────────┘
     d dismiss  c compromised  s safe  r remediate  e explain  u unblock  ? help

     entriage  contoso.test  DEMO  read-write  synced 2 min ago
     1 high · 3 medium · 1 low · 1 token theft
      1 Risky users  2 Risky sign-ins  3 Detection details
    ┏ 1 Risky users ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 5 ┓
    ┃┏ Temporary passwords ━━━━━━━━━━━━━━━━━━━━━━━━━━ 2 users ┓┃
    ┃┃ Shown once and kept nowhere: cannot be shown again.    ┃┃
    ┃┃ Each must be changed at the next sign-in.              ┃┃
    ┃┃ Lost? Once closed, r on the user: Generate temporary … ┃┃
    ┃┃                                                        ┃┃
    ┃┃ alex@contoso.test           Bbbb-3333-Bbbb-3333        ┃┃
    ┃┃ a-very-long-name-that-does… Cccc-4444-Cccc-4444        ┃┃
    ┃┃                                                        ┃┃
    ┃┃ Close? Cannot be shown again. c closes · Esc stays     ┃┃
    ┃┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛┃
    ┃                                                          ┃
    ┃                                                          ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     d dismiss  c compromised  s safe  r remediate  ? help
    "#);
}

#[test]
fn an_explanation_in_mono() {
    let mut app = explained((60, 18), "e");
    keys(&mut app, "j j j j j");
    insta::assert_snapshot!(mono(&app, 60, 1..13), @r#"
     ┏ Explain: User alex ━━━━━━━━━━━━━━━━━━━━━━━━━━━━ pgdn ▾ ┓
    .bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.
     ┃   risk                                                 ┃
    .b........................................................b.
    ┏┃   None of the sign-ins that were read went through.    ┃┓
    bb........................................................bb
    ┃┃   The account is enabled.                              ┃┃
    bb........................................................bb
    ┃┃                                                        ┃┃
    bb........................................................bb
    ┃┃ What the user can do                                   ┃┃
    bb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bb
    ┃┃ ? unknown  Secure password change · done elsewhere     ┃┃
    bb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bb
    ┃┃            because MFA registration not read           ┃┃
    bb........................................................bb
    ┃┃            Clears user risk.                           ┃┃
    bb.dddddddddddddddddddddddddddddddddddddddddddddddddddddd.bb
    ┃┃                                                        ┃┃
    bb........................................................bb
    ┃┃ What an administrator can do                           ┃┃
    bb.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.bb
    ┃┃ ✓ yes      Temporary password                          ┃┃
    bb.rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr.bb
    "#);
}
