//! SELFIES without oracle files: cases quoted from selfies 2.2.0 (Python 3.11), properties, and hostile input.

use std::time::{Duration, Instant};

use fillscape::chem::selfies::{self, SelfiesProblem, Task};
use proptest::prelude::*;

fn encoded(smiles: &str) -> String {
    selfies::encode(smiles).unwrap_or_else(|error| panic!("{error}\n{}", error.caret()))
}

fn decoded(text: &str) -> String {
    selfies::decode(text).unwrap_or_else(|error| panic!("{error}\n{}", error.caret()))
}

/// (SMILES, what selfies 2.2.0 makes of it).
const ENCODED: [(&str, &str); 27] = [
    // Several atoms left over by the greedy matching: which is paired off first decides the double bonds.
    (
        "c(c%01cc%04)(c%03c%02c%01ccc(c%02cc%04)ccccc)c%03c",
        "[C][Branch1][Ring2][C][C][=C][=Branch2][Ring1][#Branch1][=C][C][C][=Ring1][=Branch1][C][=C][C][Branch1][Branch2][C][=Ring1][=Branch1][C][=C][Ring1][#Branch2][=C][C][=C][C][=C][C][Ring1][#C][=C]",
    ),
    ("c1ccccc1", "[C][=C][C][=C][C][=C][Ring1][=Branch1]"),
    ("C(C)1CC1", "[C][Branch1][C][C][C][C][Ring1][Ring2]"),
    ("C=.C", "refused"),
    ("=C", "[C]"),
    ("C...C", "[C].[C]"),
    (".C", "refused"),
    ("C%01CC1", "refused"),
    ("C/1CC\\1", "[C][C][C][/\\Ring1][Ring1]"),
    ("C1CC/1", "[C][C][C][-/Ring1][Ring1]"),
    ("C=1CC1", "[C][C][C][=Ring1][Ring1]"),
    ("C=1CC#1", "refused"),
    ("C12CC12", "refused"),
    ("C11", "refused"),
    ("[C++]", "[C+2]"),
    ("[C+0]", "[CH0]"),
    ("[013C]", "[13C]"),
    ("[0C]", "[0C]"),
    ("[U]", "[U]"),
    ("[CH5]", "refused"),
    ("[Fe]:c", "refused"),
    ("[ge]1cccc1", "[Ge][C][=C][C][=C][Ring1][Branch1]"),
    ("C:1CCCC:1", "[C][C][C][C][C][=Ring1][Branch1]"),
    ("[se](cc)(cc)2snc2", "[Se][Branch1][Ring1][C][=C][Branch1][Ring1][C][=C][S][N][=C][Ring1][Branch2]"),
    ("[C@]3(C1)(F)CC31", "[C@][Branch1][C][C][Branch1][C][F][C][C][Ring1][Branch1][Ring1][Ring2]"),
    ("C/1=C/CCCCCC1", "[C][=C][/C][C][C][C][C][C][/-Ring1][Branch2]"),
    ("O=N(=O)c1ccccc1", "refused"),
];

#[test]
fn smiles_are_read_as_written() {
    for (smiles, expected) in ENCODED {
        let ours = selfies::encode(smiles).unwrap_or_else(|_| "refused".to_owned());
        assert_eq!(ours, expected, "{smiles}");
    }
}

/// (SELFIES, what selfies 2.2.0 makes of it).
const DECODED: [(&str, &str); 26] = [
    ("C]", ""),
    ("x[C]", "C"),
    ("[C]x[C]", "refused"),
    ("[C.C]", "refused"),
    ("[C]..[C]", "C.C"),
    ("[F][F][xx]", "FF"),
    ("[F][F][xx", "refused"),
    ("[C][nop][C]", "CC"),
    ("[C][xepsx][C]", "C"),
    ("[C][epsng1]", "refused"),
    ("[C\0]", "refused"),
    ("[C][CH4][C]", "C"),
    ("[CH5]", "refused"),
    ("[C+19]", "[C+19]"),
    ("[C+10]", "refused"),
    ("[UH0]", "[U]"),
    ("[CH0]", "[CH0]"),
    ("[C][C][Ring1][C]", "C=C"),
    ("[C][C][C][-/Ring1][Ring1]", "C1CC/1"),
    ("[C][C][C][#Ring1][Ring1]", "C#1CC#1"),
    ("[C][Branch1][C][O]", "CO"),
    ("[C][Branch1][C][epsilon][O]", "CO"),
    ("[C][Branch4][C][O][N]", "refused"),
    ("[O].[C][C].[C][Ring1][Ring1]", "O.C1C.C1"),
    ("[C][Ring2][C].[C]", "C.C"),
    ("[C][Ring2][C", "refused"),
];

#[test]
fn selfies_are_derived_symbol_by_symbol() {
    for (text, expected) in DECODED {
        let ours = selfies::decode(text).unwrap_or_else(|_| "refused".to_owned());
        assert_eq!(ours, expected, "{text}");
    }
}

#[test]
fn refusal_names_the_character_and_shows_it() {
    let error = selfies::encode("CC(=O)N(=O)=O").unwrap_err();
    assert_eq!(error.task, Task::Encode);
    assert_eq!(error.character, 7);
    assert_eq!(error.problem, SelfiesProblem::TooManyBonds { atom: "N".into(), found: 5, most: 3 });
    assert_eq!(error.caret(), "CC(=O)N(=O)=O\n      ^");
    let error = selfies::decode("[C][é][C]").unwrap_err();
    assert_eq!((error.character, error.caret()), (4, "[C][é][C]\n   ^".to_owned()));
    assert_eq!(selfies::encode("C1CC").unwrap_err().character, 2);
}

#[test]
fn symbols_come_in_order_and_dots_stand_alone() {
    let symbols = |text| selfies::split(text).collect::<Result<Vec<_>, _>>();
    assert_eq!(symbols("x[C][=O].[nop]").unwrap(), ["[C]", "[=O]", ".", "[nop]"]);
    assert_eq!(symbols("[C]..[C]").unwrap(), ["[C]", ".", ".[C]"]);
    assert_eq!(symbols("C]").unwrap(), [""; 0]);
    assert_eq!(symbols("[C][C").unwrap_err().character, 4);
    assert_eq!(selfies::length("[C][=O].[nop]"), 4);
}

fn robust_selfies(most: usize) -> impl Strategy<Value = String> {
    let symbols: Vec<String> = selfies::robust_alphabet().into_iter().collect();
    prop::collection::vec(prop::sample::select(symbols), 0..most).prop_map(|symbols| symbols.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn every_robust_string_is_a_molecule_that_survives_the_round_trip(text in robust_selfies(80)) {
        let smiles = decoded(&text);
        if !smiles.is_empty() {
            let again = encoded(&smiles);
            prop_assert_eq!(encoded(&decoded(&again)), again);
        }
    }

    #[test]
    fn any_text_is_answered_or_refused_at_one_of_its_characters(text in "\\PC{0,60}") {
        for result in [selfies::encode(&text), selfies::decode(&text)] {
            if let Err(error) = result {
                prop_assert!((1..=text.chars().count() + 1).contains(&error.character));
                prop_assert!(!error.to_string().is_empty() && error.caret().ends_with('^'));
            }
        }
    }

    #[test]
    fn smiles_like_text_is_answered_or_refused(text in "([CNOcnosFP]|\\[(C@H|nH|N\\+|se|U|13C)\\]|[()=#/:\\\\.1-4]|%10){0,40}") {
        if let Ok(symbols) = selfies::encode(&text) {
            let smiles = decoded(&symbols);
            prop_assert_eq!(decoded(&encoded(&smiles)), smiles);
        }
    }
}

/// Texts meant to make a reader recurse deeply, scan again and again, or overflow, of about `n` bytes.
fn hostile(n: usize) -> Vec<String> {
    let repeat = |unit: &str| unit.repeat(n / unit.len());
    let nested = |open: &str, close: &str| {
        let depth = n / (open.len() + close.len());
        format!("C{}C{}", open.repeat(depth), close.repeat(depth))
    };
    vec![
        repeat("C"),
        repeat("("),
        repeat("C("),
        repeat("C(C)"),
        nested("(C", ")"),
        nested("C(", ")"),
        repeat("["),
        repeat("[C"),
        format!("[{}C]", repeat("9")),
        format!("[C+{}]", repeat("9")),
        format!("[C{}]", repeat("-")),
        repeat("C1"),
        repeat("C1CC1"),
        repeat("%10C"),
        format!("[U]{}", repeat("(CC1)1")),
        repeat("c"),
        repeat("c1ccccc1"),
        repeat("c1cc2ccccc2cc1"),
        repeat("c1ccc1n"),
        repeat("cn1(c)c1"),
        repeat("."),
        repeat("C."),
        repeat("[C]"),
        repeat("[C]."),
        repeat("[C][Branch1]"),
        repeat("[C][=Branch3][P][P][P]"),
        repeat("[P][Branch1][Ring1]"),
        repeat("[C][Ring3][P][P][P]"),
        repeat("[C][Ring1][C]"),
        repeat("[#C][Ring1][Ring2]"),
        repeat("[nop]"),
        repeat("[xyz]"),
        repeat("[epsilon]"),
        repeat("[Fe][13C@@H1]"),
        repeat("]"),
        repeat("é"),
        repeat("[é]"),
        repeat("\0"),
    ]
}

#[test]
fn hostile_lines_take_no_more_than_ten_milliseconds() {
    const MOST: Duration = Duration::from_millis(10);
    for text in hostile(20_000) {
        // The best of a few tries: the machine may be busy with something else.
        let took = (0..5).map(|_| {
            let start = Instant::now();
            let (smiles, symbols) = (selfies::encode(&text), selfies::decode(&text));
            // More than 4096 symbols in a branch or ring need symbols that no decoder knows: a refusal is right.
            drop((smiles.map(|text| selfies::decode(&text)), symbols));
            start.elapsed()
        });
        let took = took.min().unwrap();
        assert!(took <= MOST, "{took:?} for {text:.60}…");
    }
}

#[test]
fn a_megabyte_in_one_line_is_answered_or_refused() {
    for text in hostile(1_000_000) {
        let start = Instant::now();
        for error in [selfies::encode(&text), selfies::decode(&text)].into_iter().filter_map(Result::err) {
            assert!(error.caret().lines().next().unwrap().chars().count() < 100);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?} for {text:.60}…", start.elapsed());
    }
}
