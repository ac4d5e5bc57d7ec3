//! Several tunings of the same sets in one recipe.

use super::support::{document, recipe};
use fillscape::train::tune::{LoraParams, Strategy, TuneParams};
use fillscape::workspace::pipeline::{Inputs, Plan};
use fillscape::workspace::recipe::TuneRun;
use fillscape::workspace::{Document, Recipe};

fn run(name: &str, controls: bool, strategy: Strategy) -> TuneRun {
    TuneRun { name: name.to_owned(), controls, tune: TuneParams { strategy, ..TuneParams::script() } }
}

fn plan(recipe: Recipe) -> Plan {
    Plan::new(&Document { recipe, ..document() }, &Inputs { dimension: 8, ..Inputs::default() }).unwrap()
}

#[test]
fn further_runs_add_arms_and_leave_what_there_was() {
    let lora = Strategy::Lora(LoraParams::default());
    let before = plan(recipe());
    let after = plan(Recipe { runs: vec![run("lora", true, lora), run("plain", false, Strategy::Full)], ..recipe() });
    for step in before.steps.iter().filter(|step| !["frustration", "report"].contains(&step.name.as_str())) {
        assert_eq!(after.step(&step.name).map(|step| &step.id), Some(&step.id), "{} is made anew", step.name);
    }
    let tuned: Vec<&str> =
        after.steps.iter().map(|step| step.name.as_str()).filter(|n| n.starts_with("tune-")).collect();
    assert_eq!(tuned, ["tune-fill-0", "tune-random-0", "tune-fill-lora-0", "tune-random-lora-0", "tune-fill-plain-0"]);
    let parents = |name: &str| after.step(name).unwrap().parents.clone();
    assert_eq!(parents("tune-random-lora-0"), ["corpus", "control-random"]);
    assert_eq!(parents("tune-fill-plain-0"), ["corpus", "fill"]);
    // The same molecules and settings under another name are the same artefact.
    let id = |name: &str| after.step(name).unwrap().id.clone();
    assert_eq!(id("tune-fill-plain-0"), id("tune-fill-0"));
    assert_ne!(id("tune-fill-lora-0"), id("tune-fill-0"));
}

#[test]
fn what_is_only_watched_changes_no_name() {
    let mut watched = recipe();
    watched.frustration.while_tuning = 40;
    assert_eq!(plan(watched), plan(recipe()));
}

#[test]
fn runs_that_cannot_be_told_apart_are_refused() {
    let wrong = |runs: Vec<TuneRun>| Recipe { runs, ..recipe() }.check().unwrap_err();
    let full = || Strategy::Full;
    assert!(wrong(vec![run("a", true, full()), run("a", true, full())]).contains("fill-a"));
    assert!(wrong(vec![run("a/b", true, full())]).contains("a/b"));
    assert!(wrong(vec![run("", true, full())]).contains("a run is called"));
    let mut endless = run("a", true, full());
    endless.tune.epochs = 0;
    assert!(wrong(vec![endless]).contains("run a: epochs"));
}

#[test]
fn runs_are_written_and_read_back() {
    let recipe = Recipe { runs: vec![run("lora", false, Strategy::Lora(LoraParams::default()))], ..recipe() };
    let text = toml::to_string(&recipe).unwrap();
    assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe);
    assert!(text.contains("[[run]]"), "{text}");
}
