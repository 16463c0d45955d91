//! No secret in anything that the program writes or shows: the client secret and the tokens are looked for in every file of the
//! home folder, in what commands print, and in the arguments of a running process. So are temporary passwords, which stand in the
//! output of the command that made them, once, and nowhere else.

use std::path::Path;

use crate::support::{fault, on_lists, on_writes};
use crate::trouble::Shop;
use entriage::domain::workspace::FaultKind;

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Gives a user a temporary password. Answers with it, and with all else that was printed.
fn temporary_password(shop: &Shop, user: &str, format: &str) -> (String, Vec<u8>) {
    let args = ["act", "generateTemporaryPassword", "--user", user, "--reason", "r", "--include-caution", "--confirm", "1"];
    let run = shop.run(&[&args[..], &["--format", format]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let password = match format {
        "table" => run.stdout.lines().find_map(|line| line.split_once("shown once: ")).map(|(_, password)| password.to_owned()),
        _ => run.stdout.split_once("\"temporaryPassword\":").and_then(|(_, rest)| rest.split('"').nth(1)).map(str::to_owned),
    };
    let password = password.unwrap_or_else(|| panic!("{format}: {}", run.stdout));
    assert!(password.len() >= 12 && run.stdout.matches(&password).count() == 1, "{format}: it is shown exactly once: {}", run.stdout);
    (password.clone(), (run.stdout.replace(&password, "") + &run.stderr).into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_or_shown_whatever_happens() {
    // Tokens that expire and are refused make every kind of message that could hold one.
    let faults = vec![
        on_lists(1, FaultKind::ExpiredToken),
        on_writes(1, FaultKind::ExpiredToken),
        on_writes(1, FaultKind::Html),
        fault(FaultKind::TokenError { error: "invalid_grant".to_owned(), description: "AADSTS50173: revoked".to_owned() }),
    ];
    let mut told = Vec::new();
    let mut shop = Shop::new(vec![on_lists(1, FaultKind::ExpiredToken)]).await;
    for args in [
        vec!["sync", "--full"],
        vec!["doctor"],
        vec!["doctor", "--format", "json"],
        vec!["settings", "writable", "true"],
        vec!["act", "dismissUserRisk", "--user", "alex.wilber@contoso.test", "--reason", "r", "--confirm", "1", "--format", "jsonl"],
        vec!["paths"],
        vec!["show", "alex.wilber@contoso.test"],
    ] {
        let run = shop.run(&args);
        told.extend(run.stdout.into_bytes());
        told.extend(run.stderr.into_bytes());
    }
    let mut passwords = Vec::new();
    for format in ["table", "json", "jsonl"] {
        let (password, rest) = temporary_password(&shop, "alex.wilber@contoso.test", format);
        passwords.push(password);
        told.extend(rest);
    }
    shop.restart(faults).await;
    for args in [
        vec!["sync", "--full"],
        vec!["doctor"],
        vec!["jobs"],
        vec!["jobs", "--format", "json"],
        vec!["journal"],
        vec!["journal", "export"],
        vec!["show", "alex.wilber@contoso.test", "--format", "json"],
    ] {
        let run = shop.run(&args);
        told.extend(run.stdout.into_bytes());
        told.extend(run.stderr.into_bytes());
    }
    told.extend(shop.arguments_of(&["sync", "--full"]).into_bytes());
    told.extend(shop.arguments_of(&shop.connect()).into_bytes());
    let mut found = vec![("what was printed".to_owned(), told)];
    files(&shop.home(), &mut found);
    assert!(found.len() > 5, "there are files to look into");
    // Every token of the emulator is a JWT: its header in Base64 begins so.
    let passwords = passwords.iter().map(String::as_bytes);
    for secret in [shop.secret().as_bytes(), b"eyJ", b"Bearer "].into_iter().chain(passwords) {
        for (name, bytes) in &found {
            let holds = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!holds, "{name} holds {:?}", String::from_utf8_lossy(secret));
        }
    }
}
