//! Downloading a checkpoint from a hub on loopback: progress, resume, cache, checksums, refusal.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fillscape::jobs::{Progress, silent};
use fillscape::model::hub::{self, HubError, HubParams};
use sha2::{Digest, Sha256};

/// What the server serves, and what it was asked for: method and path, with the range.
struct Hub {
    files: BTreeMap<String, Vec<u8>>,
    damaged: Option<String>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn serve(hub: Arc<Hub>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let hub = hub.clone();
            std::thread::spawn(move || answer(&hub, stream.unwrap()));
        }
    });
    address
}

fn answer(hub: &Hub, stream: TcpStream) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut output = stream;
    let mut request = String::new();
    if input.read_line(&mut request).unwrap_or(0) == 0 {
        return;
    }
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let mut range = None;
    loop {
        let mut line = String::new();
        input.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = Some(value.trim().to_owned());
        }
    }
    hub.asked.lock().unwrap().push((path.clone(), range.clone()));
    let head = |status: &str, len: usize, more: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n{more}\r\n")
    };
    if path.starts_with("/api/models/") {
        let siblings: Vec<_> = hub.files.keys().map(|name| serde_json::json!({"rfilename": name})).collect();
        let body = serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string();
        write!(output, "{}{body}", head("200 OK", body.len(), "Content-Type: application/json\r\n")).unwrap();
        return;
    }
    let name = path.rsplit('/').next().unwrap();
    let Some(bytes) = hub.files.get(name) else {
        write!(output, "{}", head("404 Not Found", 0, "")).unwrap();
        return;
    };
    let (from, to) = range.as_deref().and_then(|r| r.split_once('-')).unwrap_or(("0", ""));
    let from: usize = from.parse().unwrap();
    let to = to.parse().map_or(bytes.len(), |to: usize| (to + 1).min(bytes.len()));
    let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    let more = format!(
        "Content-Range: bytes {from}-{}/{}\r\nETag: \"{digest}\"\r\nX-Repo-Commit: {COMMIT}\r\n",
        to - 1,
        bytes.len()
    );
    let mut part = bytes[from..to].to_vec();
    if hub.damaged.as_deref() == Some(name) {
        *part.last_mut().unwrap() ^= 1;
    }
    output.write_all(head("206 Partial Content", part.len(), &more).as_bytes()).unwrap();
    output.write_all(&part).ok();
}

fn hub(damaged: Option<&str>) -> Arc<Hub> {
    let files = [
        ("config.json", b"{}".to_vec()),
        ("tokenizer.json", b"{\"version\": 1}".to_vec()),
        ("model.safetensors", (0..100_000u32).map(|k| (k % 251) as u8).collect()),
        ("train.py", b"print()".to_vec()),
    ];
    Arc::new(Hub {
        files: files.map(|(name, bytes)| (name.to_owned(), bytes)).into(),
        damaged: damaged.map(str::to_owned),
        asked: Mutex::default(),
    })
}

fn params(endpoint: &str, cache: &Path) -> HubParams {
    HubParams { endpoint: endpoint.to_owned(), ..HubParams::new(cache.to_owned()) }
}

#[test]
fn a_checkpoint_is_fetched_once_with_progress() {
    let (hub, cache) = (hub(None), tempfile::tempdir().unwrap());
    let params = params(&serve(hub.clone()), cache.path());
    assert_eq!(hub::cached("owner/name", &params), None);
    let mut last = BTreeMap::new();
    let fetched = hub::fetch("owner/name", &params, &mut |progress: Progress| {
        last.insert(progress.detail.clone(), (progress.done, progress.total));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(fetched.n_fetched, 3);
    assert_eq!(last["model.safetensors"], (100_000, Some(100_000)));
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        assert_eq!(std::fs::read(fetched.path.join(name)).unwrap(), hub.files[name], "{name}");
    }
    assert!(!fetched.path.join("train.py").exists(), "only a checkpoint's files are fetched");
    hub.asked.lock().unwrap().clear();
    let again = hub::fetch("owner/name", &params, &mut silent).unwrap();
    assert_eq!((again.n_fetched, &again.path), (0, &fetched.path));
    assert_eq!(hub.asked.lock().unwrap().len(), 1, "only the list of files is asked for");
    assert_eq!(hub::cached("owner/name", &params).as_ref(), Some(&fetched.path));
}

#[test]
fn a_broken_download_is_resumed() {
    let (hub, cache) = (hub(None), tempfile::tempdir().unwrap());
    let params = params(&serve(hub.clone()), cache.path());
    let digest: String = Sha256::digest(&hub.files["model.safetensors"]).iter().map(|b| format!("{b:02x}")).collect();
    let blobs = cache.path().join("models--owner--name/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(format!("{digest}.part")), &hub.files["model.safetensors"][..40_000]).unwrap();
    let fetched = hub::fetch("owner/name", &params, &mut silent).unwrap();
    assert_eq!(std::fs::read(fetched.path.join("model.safetensors")).unwrap(), hub.files["model.safetensors"]);
    let asked = hub.asked.lock().unwrap();
    assert!(
        asked.iter().any(|(path, range)| path.ends_with("model.safetensors") && range.as_deref() == Some("40000-"))
    );
}

#[test]
fn a_damaged_file_is_refused_and_removed() {
    let (hub, cache) = (hub(Some("model.safetensors")), tempfile::tempdir().unwrap());
    let params = params(&serve(hub), cache.path());
    let error = hub::fetch("owner/name", &params, &mut silent).unwrap_err();
    assert!(matches!(&error, HubError::Checksum { file, .. } if file == "model.safetensors"), "{error}");
    assert!(hub::fetch("owner/name", &params, &mut silent).is_err(), "it is not taken from the cache");
}

#[test]
fn an_unreachable_hub_is_a_sentence_with_a_remedy() {
    let cache = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error =
        hub::fetch("owner/name", &params(&format!("http://127.0.0.1:{port}"), cache.path()), &mut silent).unwrap_err();
    assert!(matches!(error, HubError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("local folder"), "{error}");
    let error = hub::fetch("../../etc", &params("http://127.0.0.1:1", cache.path()), &mut silent).unwrap_err();
    assert!(matches!(error, HubError::Id(_)), "{error}");
}

/// The program with the hub's variables; what it printed, and whether it succeeded.
fn download(id: &str, variables: &[(&str, &str)]) -> (String, bool) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fillscape"));
    let output = command.args(["model", "download", id]).env_remove("HF_HUB_CACHE").envs(variables.iter().copied());
    let output = output.output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (said, output.status.success())
}

#[test]
fn the_program_takes_the_variables_of_the_hub() {
    let (hub, home) = (hub(None), tempfile::tempdir().unwrap());
    let endpoint = format!("{}/", serve(hub.clone()));
    let online = [("HF_ENDPOINT", endpoint.as_str()), ("HF_HOME", home.path().to_str().unwrap())];
    let (said, fetched) = download("owner/name", &online);
    assert!(fetched, "{said}");
    assert!(Path::new(said.trim()).join("model.safetensors").exists(), "{said}");
    hub.asked.lock().unwrap().clear();
    let offline = [&online[..], &[("HF_HUB_OFFLINE", "1")]].concat();
    assert_eq!(download("owner/name", &offline), (said, true));
    let (said, fetched) = download("owner/other", &offline);
    assert!(!fetched && said.contains("working offline") && said.contains("local folder"), "{said}");
    assert!(hub.asked.lock().unwrap().is_empty(), "nothing was asked for");
}
