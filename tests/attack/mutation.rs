//! Mutations of bytes, and how a reader is held against many of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Mutations of a kind where nothing else is asked for.
const TRIES: u64 = 400;
/// What a reader may take for one small file, on a machine that does nothing else.
const LONGEST: Duration = Duration::from_secs(1);
/// A slow case is tried again, since a busy machine can stop any thread for a while.
const AGAIN: usize = 4;

/// Words that readers trip over, put into every kind of file.
const WORDS: [&[u8]; 48] = [
    b"0",
    b"-1",
    b"1",
    b"9",
    b"255",
    b"65536",
    b"4294967296",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"99999999999999999999999999",
    b"1e308",
    b"-1e308",
    b"1e-320",
    b"1e999",
    b"inf",
    b"-inf",
    b"NaN",
    b"nan",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"\"",
    b"\"\"",
    b"'",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n\n\n",
    b"\0",
    b"\0\0\0\0\0\0\0\0",
    b"\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\x8b",
    b"../../evil",
    b"/",
    b"=",
    b"\x1b[31m",
    b"M  END",
    b"$$$$",
];

/// The mutation of that number: a few changes to one of the seeds.
pub fn mutated(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let mut bytes = seeds[rng.random_range(0..seeds.len())].clone();
    for _ in 0..rng.random_range(1..=6) {
        change(&mut bytes, seeds, &mut rng);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) {
    let at = rng.random_range(0..=bytes.len());
    let until = (at + rng.random_range(0..24)).min(bytes.len());
    match rng.random_range(0..10) {
        0 => bytes.truncate(at),
        1 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        2 if at < bytes.len() => bytes[at] = rng.random(),
        3 => drop(bytes.drain(at..until)),
        4 => {
            let again: Vec<u8> = bytes[at..until].repeat(rng.random_range(1..40));
            bytes.splice(at..at, again);
        }
        5 => {
            let other = &seeds[rng.random_range(0..seeds.len())];
            let from = rng.random_range(0..=other.len());
            bytes.splice(at.., other[from..].iter().copied());
        }
        // A number, as text, becomes another one: the fields that are sizes are found so.
        6 | 7 => {
            let Some(start) = (at..bytes.len()).find(|&k| bytes[k].is_ascii_digit()) else { return };
            let end = (start..bytes.len()).find(|&k| !bytes[k].is_ascii_digit()).unwrap_or(bytes.len());
            bytes.splice(start..end, WORDS[rng.random_range(0..20)].iter().copied());
        }
        8 => drop(bytes.splice(at..until, WORDS[rng.random_range(0..WORDS.len())].iter().copied())),
        _ => drop(bytes.splice(at..at, WORDS[rng.random_range(0..WORDS.len())].iter().copied())),
    }
}

/// Hands every mutation of `seeds`, as the file `name` of a folder of its own, to `read`, which says whether it was
/// accepted.
///
/// # Panics
/// When a reader panics, takes over a second, writes, or accepts none or all of them: then the test has lost its bite.
pub fn attack(kind: &str, name: &str, seeds: &[Vec<u8>], read: impl Fn(&Path) -> bool) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("inside").join("folder");
    std::fs::create_dir_all(&folder).unwrap();
    attack_in(kind, root.path(), &folder.join(name), seeds, || read(&folder.join(name)));
}

/// As [`attack`], with the file `path` somewhere below `root`, where other files may lie already.
pub fn attack_in(kind: &str, root: &Path, path: &Path, seeds: &[Vec<u8>], read: impl Fn() -> bool) {
    for seed in seeds {
        std::fs::write(path, seed).unwrap();
        assert!(read(), "{kind}: a seed is refused");
    }
    let names = names_below(root);
    let tries = std::env::var("FILLSCAPE_MUTATIONS").ok().map_or(TRIES, |n| n.parse().expect("a number"));
    let (mut accepted, mut slowest) = (0, Duration::ZERO);
    for number in 0..tries {
        std::fs::write(path, mutated(seeds, number)).unwrap();
        let mut took = Duration::MAX;
        for _ in 0..AGAIN {
            let start = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(&read));
            took = took.min(start.elapsed());
            let Ok(accepts) = result else {
                let kept = std::env::temp_dir().join(format!("fillscape_{}_{number}", kind.replace(' ', "_")));
                std::fs::copy(path, &kept).unwrap();
                panic!("{kind}: the reader panics at mutation {number}, kept as {kept:?}");
            };
            if took < LONGEST {
                accepted += u64::from(accepts);
                break;
            }
        }
        assert!(took < LONGEST, "{kind}: mutation {number} takes {took:?}");
        slowest = slowest.max(took);
    }
    assert_eq!(names_below(root), names, "{kind}: a reader wrote or removed something");
    println!("{kind}: {tries} mutations, {accepted} accepted, the slowest took {slowest:?}");
    assert!(accepted < tries, "{kind}: every mutation is accepted: the test has lost its bite");
}

/// The names of all files and folders below a folder, in order.
fn names_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(names_below(&path));
        }
        names.push(path);
    }
    names.sort();
    names
}
