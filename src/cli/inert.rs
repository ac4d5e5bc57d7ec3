//! Flags that cannot act: given by the person, and ignored because of what else was asked for. That is wrong usage, never
//! a silence.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// When a flag acts.
enum Acts {
    /// When another one has one of these values, given or by default.
    With(&'static str, &'static [&'static str]),
    /// When another one is given.
    Beside(&'static str),
    /// When another one is not given.
    Without(&'static str),
}

/// The flags of a command that act only under a condition.
struct Rule {
    command: &'static str,
    flags: &'static [&'static str],
    acts: Acts,
}

const RULES: &[Rule] = &[
    Rule { command: "tune", flags: &["rank", "alpha"], acts: Acts::With("strategy", &["lora", "replay-lora"]) },
    Rule {
        command: "tune",
        flags: &["ratio", "weight"],
        acts: Acts::With("strategy", &["replay", "pseudolabels", "replay-lora"]),
    },
    Rule { command: "tune", flags: &["lambda", "mixture"], acts: Acts::With("strategy", &["prototypes"]) },
    Rule { command: "project fit", flags: &["neighbours", "min_dist"], acts: Acts::With("method", &["umap"]) },
    Rule { command: "project fit", flags: &["perplexity"], acts: Acts::With("method", &["tsne"]) },
    Rule { command: "project fit", flags: &["bandwidth"], acts: Acts::With("method", &["diffusion-map"]) },
    Rule { command: "project fit", flags: &["through"], acts: Acts::With("method", &["plane"]) },
    Rule { command: "landscape tree", flags: &["length_scale"], acts: Acts::With("colour", &["frustration"]) },
    Rule {
        command: "landscape tree",
        flags: &[
            "levels",
            "level_spacing",
            "exact",
            "lowest",
            "monotonic",
            "min_barrier",
            "components",
            "style",
            "colour",
            "title",
            "energy_label",
            "width",
            "height",
            "label_minima",
        ],
        acts: Acts::Beside("svg"),
    },
    Rule { command: "fill generate", flags: &["draw"], acts: Acts::Beside("region") },
    Rule { command: "fill generate", flags: &["preset"], acts: Acts::Beside("network") },
    Rule { command: "fill controls", flags: &["model", "device"], acts: Acts::Without("from") },
    Rule {
        command: "render",
        flags: &["layers", "map", "projection", "values", "colour"],
        acts: Acts::With("view", &["map"]),
    },
    Rule { command: "render", flags: &["from", "to"], acts: Acts::With("view", &["path"]) },
    Rule { command: "render", flags: &["label"], acts: Acts::Beside("values") },
];

/// Refuses flags that were given but cannot act.
///
/// # Errors
/// A sentence with the flag, and what it needs.
pub(super) fn check(matches: &ArgMatches) -> Result<(), String> {
    let (mut names, mut matches) = (Vec::new(), matches);
    while let Some((name, below)) = matches.subcommand() {
        names.push(name);
        matches = below;
    }
    let command = names.join(" ");
    for rule in RULES.iter().filter(|rule| rule.command == command) {
        let needs = match rule.acts {
            Acts::With(other, values) if !has_value(matches, other, values) => {
                format!("it acts only with --{} {}", dashed(other), values.join(" or "))
            }
            Acts::Beside(other) if !is_given(matches, other) => format!("it acts only with --{}", dashed(other)),
            Acts::Without(other) if is_given(matches, other) => format!("it does not act with --{}", dashed(other)),
            _ => continue,
        };
        if let Some(flag) = rule.flags.iter().find(|flag| is_given(matches, flag)) {
            return Err(format!("--{} would be ignored: {needs}", dashed(flag)));
        }
    }
    Ok(())
}

fn is_given(matches: &ArgMatches, flag: &str) -> bool {
    matches.value_source(flag) == Some(ValueSource::CommandLine)
}

fn has_value(matches: &ArgMatches, flag: &str, values: &[&str]) -> bool {
    let mut raw = matches.get_raw(flag).into_iter().flatten();
    raw.any(|value| values.iter().any(|expected| value == *expected))
}

fn dashed(flag: &str) -> String {
    flag.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(root: &'a clap::Command, path: &str) -> Option<&'a clap::Command> {
        path.split(' ').try_fold(root, |command, name| command.find_subcommand(name))
    }

    #[test]
    fn every_rule_names_flags_that_exist() {
        let root = super::super::command();
        for rule in RULES {
            let command = find(&root, rule.command);
            // The commands that draw are not in every build.
            if command.is_none() && cfg!(not(feature = "gui")) {
                continue;
            }
            let command = command.unwrap_or_else(|| panic!("there is no command {}", rule.command));
            let (Acts::With(other, _) | Acts::Beside(other) | Acts::Without(other)) = rule.acts;
            for flag in rule.flags.iter().chain([&other]) {
                let known = command.get_arguments().any(|argument| argument.get_id() == *flag);
                assert!(known, "{} has no flag {flag}", rule.command);
            }
        }
    }

    #[test]
    fn a_flag_that_cannot_act_is_wrong_usage() {
        let said = |line: &str| {
            check(&super::super::command().try_get_matches_from(line.split(' ')).unwrap()).err().unwrap_or_default()
        };
        let tune = "fillscape tune m --fill f --out o";
        assert!(said(&format!("{tune} --rank 64")).contains("--strategy lora or replay-lora"));
        assert!(said(&format!("{tune} --strategy replay --lambda 1")).contains("--lambda would be ignored"));
        assert!(said(&format!("{tune} --strategy full --mixture")).contains("prototypes"));
        assert_eq!(said(&format!("{tune} --strategy replay-lora --rank 4 --ratio 2")), "");
        assert!(said("fillscape project fit x.npy --method pca --perplexity 5").contains("--method tsne"));
        assert_eq!(said("fillscape project fit x.npy --neighbours 5"), "");
        assert!(said("fillscape landscape tree n --width 300").contains("--svg"));
        assert!(said("fillscape fill controls --from x --out o --model bundled").contains("--from"));
    }
}
