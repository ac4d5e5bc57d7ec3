//! How long each stage of a study took, from the provenance of what it made; and the report with these times.
//!
//! The artefact of the report holds no times, so that the same recipe and seed give the same page. Whoever hands a page
//! to a person puts them in.

use super::artefact::StopReason;
use super::{Artefact, ArtefactKind, Study, StudyError};
use std::fmt::Write;

/// Where the times go in the page of the report.
pub(super) const PLACE_OF_TIMES: &str = "<!-- wall times -->";
/// The page of the report, in its artefact and in the folder of the study.
pub const REPORT_FILE: &str = "report.html";

/// What a stage of the study took.
#[derive(Debug, Clone, PartialEq)]
pub struct StageTime {
    /// The stage: a step, or all steps of a kind.
    pub stage: String,
    /// Steps.
    pub n_steps: usize,
    /// Wall-clock seconds of work, interruptions left out.
    pub seconds: f64,
    /// Steps that diverged.
    pub n_diverged: usize,
}

/// The stages in the order of the loop.
const STAGES: [(ArtefactKind, &str); 11] = [
    (ArtefactKind::Corpus, "corpus"),
    (ArtefactKind::Points, "points of the corpus"),
    (ArtefactKind::Samples, "samples and response"),
    (ArtefactKind::Landscape, "landscape and field"),
    (ArtefactKind::Projection, "projection"),
    (ArtefactKind::Task, "library tasks"),
    (ArtefactKind::FillSet, "fill set and controls"),
    (ArtefactKind::Checkpoint, "tuning"),
    (ArtefactKind::Frustration, "frustration after tuning"),
    (ArtefactKind::Comparison, "comparison"),
    (ArtefactKind::Report, "report"),
];

impl Study {
    /// What each stage took of all that a report was made from, and the report itself.
    ///
    /// # Errors
    /// When an artefact is missing or its provenance cannot be read.
    pub fn stage_times(&self, report: &Artefact) -> Result<Vec<StageTime>, StudyError> {
        let mut times: Vec<StageTime> = STAGES
            .iter()
            .map(|(_, stage)| StageTime { stage: (*stage).to_owned(), n_steps: 0, seconds: 0.0, n_diverged: 0 })
            .collect();
        for id in report.provenance.parents.iter().chain([report.id()]) {
            let provenance = self.artefact(id)?.provenance;
            let Some(at) = STAGES.iter().position(|(kind, _)| *kind == id.kind()) else { continue };
            times[at].n_steps += 1;
            times[at].seconds += provenance.seconds;
            times[at].n_diverged += usize::from(provenance.stop_reason == StopReason::Diverged);
        }
        times.retain(|time| time.n_steps > 0);
        Ok(times)
    }

    /// The page of the report with the time that each stage took; none when there is no report yet.
    ///
    /// # Errors
    /// When an artefact is missing or damaged.
    pub fn report_page(&self) -> Result<Option<String>, StudyError> {
        let Some(id) = self.document().results.values().find(|id| id.kind() == ArtefactKind::Report) else {
            return Ok(None);
        };
        let artefact = self.artefact(id)?;
        let page = artefact.read_text(REPORT_FILE)?;
        let table = times_table(&self.stage_times(&artefact)?, &artefact.provenance.made);
        Ok(Some(page.replacen(PLACE_OF_TIMES, &table, 1)))
    }

    /// Writes that page into the folder of the study, for people to open.
    ///
    /// # Errors
    /// As [`Study::report_page`]; when it cannot be written.
    pub fn write_report_page(&self) -> Result<(), StudyError> {
        self.check_writable("write the report")?;
        match self.report_page()? {
            Some(page) => Ok(crate::atomic_file::write(self.folder().join(REPORT_FILE), page)?),
            None => Ok(()),
        }
    }
}

fn times_table(times: &[StageTime], made: &str) -> String {
    let mut text = String::from("<table>\n<tr><th>stage</th><th>steps</th><th>wall time</th></tr>\n");
    for time in times {
        let diverged = match time.n_diverged {
            0 => String::new(),
            n => format!(" ({n} diverged)"),
        };
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}{diverged}</td><td>{}</td></tr>",
            time.stage,
            time.n_steps,
            in_words(time.seconds)
        );
    }
    let n: usize = times.iter().map(|time| time.n_steps).sum();
    let total: f64 = times.iter().map(|time| time.seconds).sum();
    let _ = writeln!(text, "<tr class=\"found\"><td>all</td><td>{n}</td><td>{}</td></tr>\n</table>", in_words(total));
    let _ = writeln!(text, "<p class=\"dim\">Work alone, pauses left out. The report was made at {made}.</p>");
    text
}

/// A duration as people say it: “0.4 s”, “42 s”, “3 min 5 s”, “2 h 10 min”.
pub fn in_words(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 3600.0 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn durations_read_like_speech() {
        let said = [0.04, 9.96, 42.4, 59.6, 185.0, 7799.0].map(in_words);
        assert_eq!(said, ["0.0 s", "10.0 s", "42 s", "60 s", "3 min 5 s", "2 h 9 min"]);
    }
}
