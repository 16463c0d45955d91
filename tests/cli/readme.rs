//! The README's examples, on a fresh demo as `entriage demo` makes it: whoever types them off must not stumble.

use super::support::Home;

const README: &str = include_str!("../../README.md");

/// The words of a command, as a shell would split them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '#' if !quoted && word.is_none() => break,
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands of the first example under a heading.
fn commands(heading: &str) -> Vec<Vec<String>> {
    let section = README.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let example = section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    example.lines().map(words).collect()
}

#[test]
fn every_headless_example_works_on_a_fresh_demo() {
    for heading in ["Without a screen", "Remediate and unblock"] {
        let (home, all) = (Home::demo(200), commands(heading));
        assert!(all.len() > 5 && all.iter().all(|words| words[0] == "entriage"), "{all:?}");
        for words in all {
            let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
            let output = home.command(&args).current_dir(home.path()).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
