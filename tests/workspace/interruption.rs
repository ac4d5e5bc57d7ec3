//! The whole loop, killed at random moments: it goes on each time and ends in the same artefacts.

use super::tiny::{artefacts, command};
use rand::{Rng, SeedableRng};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn the_quick_study_killed_at_twenty_random_moments_ends_in_the_same_artefacts() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quick.toml");
    let whole = folder.path().join("whole");
    let started = Instant::now();
    let out = command(&recipe, &whole).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let wall = started.elapsed();
    let expected = artefacts(&whole);
    assert!(expected.keys().any(|name| name.starts_with("report-")), "{:?}", expected.keys());

    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(17);
    let (mut n_kills, mut n_studies) = (0, 0);
    // Each study is killed until it gets through; the kills aim at every part of it.
    while n_kills < 20 {
        let broken = folder.path().join(format!("broken-{n_studies}"));
        n_studies += 1;
        loop {
            let mut child = command(&recipe, &broken).spawn().unwrap();
            let pause = wall.mul_f64(rng.random_range(0.02..0.3));
            let ended = wait(&mut child, pause);
            if ended {
                let out = child.wait_with_output().unwrap();
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            n_kills += 1;
        }
        assert_eq!(artefacts(&broken), expected, "after {n_kills} kills");
        assert!(!broken.join("work").read_dir().is_ok_and(|mut work| work.next().is_some()), "work was left behind");
    }
    // The same recipe again does nothing.
    let out = command(&recipe, &whole).output().unwrap();
    assert!(out.status.success() && artefacts(&whole) == expected);
    check(&whole, true);
}

/// Whether the child ended within the time.
fn wait(child: &mut std::process::Child, time: Duration) -> bool {
    let started = Instant::now();
    while started.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

fn check(study: &Path, sound: bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
    let out = command.args(["study", "check"]).arg(study).output().unwrap();
    assert_eq!(out.status.success(), sound, "{}", String::from_utf8_lossy(&out.stdout));
}
