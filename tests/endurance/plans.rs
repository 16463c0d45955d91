//! Plan files that were changed on their way: nothing is acted on that the file does not show as taken in, nothing that needs care,
//! and never more or other than was confirmed.

use std::collections::HashSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::{copy, entriage, json as answer, output, rounds, verified};

fn pick(rng: &mut ChaCha8Rng, count: usize) -> usize {
    (rng.next_u64() % count.max(1) as u64) as usize
}

/// Does something to a plan, as an editor, a script or a bad disk would.
fn changed(plan: &Value, others: &[Value], rng: &mut ChaCha8Rng) -> String {
    let mut plan = plan.clone();
    let count = plan["targets"].as_array().unwrap().len();
    let (one, other) = (pick(rng, count), pick(rng, others.len()));
    match pick(rng, 10) {
        0 => plan["targets"].as_array_mut().unwrap().iter_mut().for_each(|target| target["included"] = true.into()),
        1 => plan["targets"].as_array_mut().unwrap().iter_mut().for_each(|target| {
            target["included"] = true.into();
            target["verdict"] = "eligible".into();
            target["because"] = json!([]);
        }),
        2 => plan["targets"][one]["id"] = others[other]["id"].clone(),
        3 => plan["action"] = ["confirmUserCompromised", "blockSignIn", "revokeSessions", "secureAccount"][pick(rng, 4)].into(),
        4 => plan["steps"] = json!(["blockSignIn", "disableDevices"]),
        5 => plan["playbook"] = json!(1),
        6 => {
            let twice = plan["targets"][one].clone();
            plan["targets"].as_array_mut().unwrap().extend([twice.clone(), twice]);
        }
        7 => plan["confirm"] = "enter".into(),
        8 => plan["targets"][one]["userPrincipalName"] = others[other]["userPrincipalName"].clone(),
        _ => {
            let mut bytes = plan.to_string().into_bytes();
            for _ in 0..1 + pick(rng, 4) {
                let at = pick(rng, bytes.len());
                bytes[at] = [b'"', b'0', b'a', b'{', b',', 0xff, b'1'][pick(rng, 7)];
            }
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    plan.to_string()
}

#[test]
fn a_changed_plan_file_acts_on_nothing_that_it_does_not_show() {
    let fresh = tempfile::tempdir().unwrap();
    let home = fresh.path();
    assert_eq!(output(home, &["demo", "--no-console", "--users", "60", "--rate", "off"]).0, 0);
    let plan = answer(home, &["plan", "dismissUserRisk", "level:high,medium", "--reason", "drill", "--format", "json"]);
    let users = answer(home, &["users", "--format", "json"])["value"].as_array().unwrap().clone();
    let careful = |target: &&Value| target["verdict"] != "eligible";
    let careful: HashSet<&str> =
        plan["targets"].as_array().unwrap().iter().filter(careful).map(|target| target["id"].as_str().unwrap()).collect();
    let included = |plan: &Value| -> HashSet<String> {
        let targets = plan["targets"].as_array().into_iter().flatten().filter(|target| target["included"] == true);
        targets.filter_map(|target| target["id"].as_str().map(str::to_owned)).collect()
    };
    assert!(!careful.is_empty() && included(&plan).len() > 2);
    let mut rng = ChaCha8Rng::seed_from_u64(61);
    let mut ran = 0;
    for round in 0..rounds(14) {
        let text = changed(&plan, &users, &mut rng);
        let folder = copy(home);
        let file = folder.path().join("plan.json");
        std::fs::write(&file, &text).unwrap();
        let shown: Value = serde_json::from_str(&text).unwrap_or_default();
        let wanted = included(&shown);
        // As confirmed for the plan that was shown first, or for what the file says now.
        let count = if round % 2 == 0 {
            included(&plan).len()
        } else {
            wanted.difference(&careful.iter().map(|id| (*id).to_owned()).collect()).count()
        };
        let arguments = ["apply", file.to_str().unwrap(), "--confirm", &count.to_string(), "--format", "jsonl"];
        let done = entriage(folder.path()).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        let at = format!("round {round}: {said}\n{text}");
        assert!(!said.contains("panicked at") && done.status.code().is_some_and(|code| code < 5), "{at}");
        let log = std::fs::read_to_string(folder.path().join("workspaces/demo/tenant.jsonl")).unwrap();
        let mut acted = HashSet::new();
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            acted.extend(line["users"].as_array().into_iter().flatten().chain(line.get("user")).map(|id| id.as_str().unwrap().to_owned()));
        }
        assert!(acted.is_subset(&wanted), "{at}\nacted on what the file does not take in: {acted:?}");
        if shown["action"] == plan["action"] {
            assert!(acted.iter().all(|id| !careful.contains(id.as_str())), "{at}\nacted on what needs care: {acted:?}");
        }
        assert!(acted.is_empty() || acted.len() == count, "{at}\n{} were confirmed, and {acted:?} acted on", count);
        ran += usize::from(!acted.is_empty());
        verified(folder.path(), "demo", &at);
    }
    assert!(ran > 1, "no changed file was carried out at all");
}
