//! What the program says when something is wrong: a clear message, the right exit code, and the cached data stays usable.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use entriage::clock::Clock;
use entriage::domain::workspace::{Fault, FaultKind};
use entriage::emulator::Emulator;
use tempfile::TempDir;

use crate::support::{emulated, fault, on_lists};

/// A home folder with a live workspace, and the emulator behind it; commands run in processes of their own.
pub struct Shop {
    emulator: Emulator,
    folder: TempDir,
    secret: String,
}

pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Shop {
    pub async fn new(faults: Vec<Fault>) -> Self {
        let shop = Self::unconnected(faults).await;
        let run = shop.run(&shop.connect());
        assert_eq!(run.code, 0, "{}", run.stderr);
        shop
    }

    pub async fn unconnected(faults: Vec<Fault>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulator = emulated(folder.path(), Clock::system(), 40, None, faults).await;
        let secret = emulator.client_secret().to_owned();
        Shop { emulator, folder, secret }
    }

    /// The same tenant with other faults, at another address: the workspace is connected anew.
    pub async fn restart(&mut self, faults: Vec<Fault>) {
        self.emulator = emulated(self.folder.path(), Clock::system(), 40, None, faults).await;
        let manifest = self.home().join("workspaces/live/workspace.json");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for name in ["graphUrl", "authorityUrl"] {
            value["source"][name] = self.emulator.url().into();
        }
        std::fs::write(&manifest, value.to_string()).unwrap();
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn secret(&self) -> &str {
        &self.secret
    }

    fn with<'a>(&'a self, changes: &[(&'a str, &'a str)]) -> Vec<&'a str> {
        let url = self.emulator.url();
        let ca = self.emulator.ca_file().to_str().unwrap();
        let mut options = vec![
            ("--tenant", self.emulator.tenant_id()),
            ("--client-id", self.emulator.client_id()),
            ("--auth", "secret"),
            ("--graph-url", url),
            ("--authority-url", url),
            ("--ca-file", ca),
            ("--rate", "off"),
            ("--workspace", "live"),
        ];
        for (name, value) in changes {
            options.retain(|(held, _)| held != name);
            if !value.is_empty() {
                options.push((name, value));
            }
        }
        let mut args = vec!["connect"];
        args.extend(options.iter().flat_map(|(name, value)| [*name, *value]));
        args
    }

    pub fn connect(&self) -> Vec<&str> {
        self.with(&[])
    }

    pub fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, &[])
    }

    /// The arguments of a process that is at work, as the system lists them.
    pub fn arguments_of(&self, args: &[&str]) -> String {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("entriage"));
        command.env("ENTRIAGE_HOME", self.home()).env("ENTRIAGE_CLIENT_SECRET", &self.secret).args(args);
        let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let listed = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap_or_default();
        child.wait().unwrap();
        String::from_utf8_lossy(&listed).into_owned()
    }

    fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = Command::cargo_bin("entriage").unwrap();
        command.env("ENTRIAGE_HOME", self.home()).env("ENTRIAGE_CLIENT_SECRET", &self.secret).env("NO_PROXY", "none.test");
        for name in
            ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "no_proxy", "DBUS_SESSION_BUS_ADDRESS"]
        {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        let Output { status, stdout, stderr } = command.args(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }
}

/// Runs in a thread that may wait, since the emulator answers in this process.
fn says(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is not in:\n{}", run.stderr);
    }
    assert!(run.stderr.contains("hint: "), "it does not say what to do next:\n{}", run.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_connection_is_said() {
    let shop = Shop::unconnected(vec![]).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("https://{closed}");
    let nowhere = "https://graph.does-not-exist.invalid";
    says(&shop.run(&shop.with(&[("--graph-url", &closed)])), 5, &["no connection", "cannot connect"]);
    says(&shop.run(&shop.with(&[("--authority-url", nowhere)])), 5, &["no connection", "cannot be resolved"]);
    says(&shop.run(&shop.with(&[("--ca-file", "")])), 5, &["--ca-file"]);
    says(&shop.run(&shop.with(&[("--tenant", "aaaaaaaa-0000-0000-0000-000000000000")])), 4, &["AADSTS90002", "--tenant"]);
    says(&shop.run(&shop.with(&[("--client-id", "aaaaaaaa-0000-0000-0000-000000000000")])), 4, &["AADSTS700016", "--client-id"]);
    says(&shop.run(&shop.with(&[("--graph-url", "http://127.0.0.1:1")])), 2, &["https"]);
    says(&shop.run(&shop.with(&[("--tenant", "common")])), 2, &["not one tenant"]);
    says(&shop.run(&shop.with(&[("--client-id", "")])), 2, &["--client-id is missing"]);
    let china = shop.run(&shop.with(&[("--cloud", "china")]));
    assert!(china.code == 2 && china.stderr.contains("no Identity Protection"), "{}", china.stderr);
    let wrong = shop.run_with(&shop.connect(), &[("ENTRIAGE_CLIENT_SECRET", "wr0ng-s3cret")]);
    says(&wrong, 4, &["AADSTS7000215", "secret"]);
    assert!(!wrong.stderr.contains("wr0ng-s3cret"));
    says(&shop.run_with(&shop.connect(), &[("ENTRIAGE_CLIENT_SECRET", "")]), 4, &["secret", "ENTRIAGE_CLIENT_SECRET"]);
    assert!(!shop.home().join("workspaces/live").exists(), "a sign-in that failed makes no workspace");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_lacks_is_said_before_a_workspace_is_made() {
    let lacking = [
        (FaultKind::WithoutScope { scope: "IdentityRiskyUser.Read.All".to_owned() }, vec![]),
        (FaultKind::WithoutLicence, vec!["licen", "P2"]),
    ];
    for (does, words) in lacking {
        let mut faults = vec![fault(does)];
        if words.is_empty() {
            faults.push(fault(FaultKind::WithoutScope { scope: "IdentityRiskyUser.ReadWrite.All".to_owned() }));
        }
        let words = if words.is_empty() { vec!["IdentityRiskyUser.Read.All", "consent"] } else { words };
        let shop = Shop::unconnected(faults).await;
        says(&shop.run(&shop.connect()), 4, &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_sign_in_leads_to_a_workspace() {
    let shop = Shop::unconnected(vec![]).await;
    let pem = shop.emulator.client_certificate().to_str().unwrap().to_owned();
    let mut certificate = shop.with(&[("--auth", "certificate")]);
    certificate.extend(["--certificate", &pem]);
    let run = shop.run(&certificate);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // The emulator approves a device code by itself at the third question, as if somebody had typed it.
    let device = shop.run(&shop.with(&[("--auth", "device"), ("--workspace", "device")]));
    assert_eq!(device.code, 0, "{}", device.stderr);
    assert!(device.stderr.contains("devicelogin") && device.stderr.contains("operator@contoso.test"), "{}", device.stderr);
    // A browser that does what a person would: it opens the address and follows to the loopback address.
    let browser = shop.folder.path().join("browser");
    std::fs::write(&browser, "#!/bin/sh\nexec curl -sSkL -o /dev/null \"$1\"\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let opener = browser.to_str().unwrap();
    let args = shop.with(&[("--auth", "browser"), ("--workspace", "browser")]);
    let run = shop.run_with(&args, &[("ENTRIAGE_BROWSER", opener)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("LIVE"), "{}", run.stderr);
    let users = shop.run(&["users", "--count", "--workspace", "browser"]);
    assert!(users.code == 0 && users.stdout.trim().parse::<usize>().unwrap() > 10, "{}", users.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cached_data_stays_usable_whatever_the_network_does() {
    let mut shop = Shop::new(vec![]).await;
    let held = shop.run(&["users", "--count"]).stdout;
    let html = vec![on_lists(50, FaultKind::Html)];
    let revoked =
        vec![fault(FaultKind::TokenError { error: "invalid_grant".to_owned(), description: "AADSTS65001: no consent".to_owned() })];
    for (faults, code, words) in [
        (html, 5, vec!["a web page came in place of Graph's answer", "captive portal"]),
        (revoked, 4, vec!["AADSTS65001", "consent"]),
        (vec![fault(FaultKind::Status { status: 503 })], 5, vec!["503"]),
    ] {
        shop.restart(faults).await;
        says(&shop.run(&["sync"]), code, &words);
        let users = shop.run(&["users", "--count"]);
        assert_eq!((users.code, users.stdout.as_str()), (0, held.as_str()), "{}", users.stderr);
        let doctor = shop.run(&["doctor"]);
        assert!(doctor.code == 4 || doctor.code == 5, "{}", doctor.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_of_authorities_does_not_hide_what_is_held() {
    let shop = Shop::new(vec![]).await;
    std::fs::remove_file(shop.emulator.ca_file()).unwrap();
    let users = shop.run(&["users", "--count"]);
    assert!(users.code == 0 && users.stderr.contains("ca.pem"), "{}", users.stderr);
    says(&shop.run(&["sync"]), 4, &["ca.pem"]);
    assert_eq!(shop.run(&["doctor"]).code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_others_keep_busy_is_connected_to_all_the_same() {
    let shop = Shop::unconnected(vec![on_lists(2, FaultKind::Status { status: 429 })]).await;
    let run = shop.run(&shop.connect());
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_a_password_is_told() {
    let shop = Shop::unconnected(vec![]).await;
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let run = shop.run_with(&shop.connect(), &[("HTTPS_PROXY", address.as_str())]);
    says(&run, 5, &["proxy", "HTTPS_PROXY=http://user:password@host:port"]);
    assert!(asked.join().unwrap().starts_with("CONNECT "), "the proxy of the environment was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_live_workspace_starts_read_only_until_writing_is_turned_on() {
    let shop = Shop::new(vec![]).await;
    let act = ["act", "dismissUserRisk", "--user", "alex.wilber@contoso.test", "--reason", "r", "--confirm", "1"];
    says(&shop.run(&act), 4, &["read-only", "settings writable true"]);
    assert_eq!(shop.run(&["settings", "writable", "true"]).code, 0);
    let forced = shop.run(&[&act[..], &["--read-only"]].concat());
    says(&forced, 4, &["leave out --read-only"]);
    let run = shop.run(&act);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(shop.emulator.accepted("POST", "riskyUsers/dismiss"), 1);
}
