//! Molecules as drawings: laid out on a thread of their own, kept, and painted by egui.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use eframe::egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, pos2};

use crate::chem::Molecule;
use crate::chem::depict::{self, DepictParams, Depiction, Palette};
use crate::jobs::Wake;

/// A drawing, or why there is none.
#[derive(Debug, Clone)]
pub enum Drawing {
    /// It is being made.
    Pending,
    /// The geometry.
    Ready(Arc<Depiction>),
    /// The text is no molecule.
    Failed(Arc<str>),
}

/// Drawings that are kept; past this number all are forgotten and made again as they are looked at.
const MAX_KEPT: usize = 6000;

/// Makes and keeps drawings.
pub struct Drawings {
    kept: HashMap<String, Drawing>,
    asked: HashSet<String>,
    ask: Option<Sender<String>>,
    answers: Receiver<(String, Drawing)>,
}

impl Drawings {
    /// Starts the thread; `wake` is called when a drawing is ready.
    pub fn new(wake: Wake) -> Self {
        let (ask, asked) = channel::<String>();
        let (answer, answers) = channel();
        let draw = move || {
            while let Ok(smiles) = asked.recv() {
                let drawing = draw(&smiles);
                if answer.send((smiles, drawing)).is_err() {
                    return;
                }
                wake();
            }
        };
        let thread = std::thread::Builder::new().name("drawings".into()).spawn(draw);
        Self { kept: HashMap::new(), asked: HashSet::new(), ask: thread.is_ok().then_some(ask), answers }
    }

    /// The drawing of a SMILES; asked for when it is not there.
    pub fn get(&mut self, smiles: &str) -> Drawing {
        if let Some(drawing) = self.kept.get(smiles) {
            return drawing.clone();
        }
        match &self.ask {
            // Without a thread it is made here: slower frames, but real drawings.
            None => {
                let drawing = draw(smiles);
                self.kept.insert(smiles.to_owned(), drawing.clone());
                drawing
            }
            Some(ask) => {
                if self.asked.insert(smiles.to_owned()) {
                    let _ = ask.send(smiles.to_owned());
                }
                Drawing::Pending
            }
        }
    }

    /// Takes in what has been drawn.
    pub fn poll(&mut self) {
        while let Ok((smiles, drawing)) = self.answers.try_recv() {
            if self.kept.len() >= MAX_KEPT {
                self.kept.clear();
            }
            self.asked.remove(&smiles);
            self.kept.insert(smiles, drawing);
        }
    }

    /// Whether every drawing asked for is there.
    pub fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }
}

fn draw(smiles: &str) -> Drawing {
    match Molecule::from_smiles(smiles) {
        Ok(molecule) => Drawing::Ready(Arc::new(depict::depict(&molecule, &DepictParams::default()))),
        Err(error) => Drawing::Failed(error.to_string().into()),
    }
}

/// A bond is drawn at most this long, in points, so that small molecules do not look huge.
const MAX_BOND: f64 = 22.0;
/// Width of a bond, in bond lengths.
const STROKE: f64 = 0.055;
/// Below this length of a bond letters are not painted: they would be smears.
const MIN_LETTERS: f64 = 5.0;

/// Paints a drawing into `rect`.
pub fn paint(painter: &Painter, rect: Rect, depiction: &Depiction, dark: bool) {
    let palette = if dark { Palette::Dark } else { Palette::Light };
    let colour = |[r, g, b]: [u8; 3]| Color32::from_rgb(r, g, b);
    let ink = colour(palette.ink());
    let frame = Frame::fit(rect, depiction);
    let scale = frame.scale as f32;
    let stroke = Stroke::new((STROKE * frame.scale).clamp(0.8, 2.0) as f32, ink);
    for disc in &depiction.discs {
        painter.circle_filled(frame.at(disc.centre), disc.radius as f32 * scale, colour(palette.highlight()));
    }
    for line in depiction.lines.iter().chain(&depiction.hashes) {
        painter.line_segment([frame.at(line.from), frame.at(line.to)], stroke);
    }
    for wedge in &depiction.wedges {
        let corners = wedge.corners.map(|corner| frame.at(corner)).to_vec();
        painter.add(Shape::convex_polygon(corners, ink, Stroke::NONE));
    }
    for circle in &depiction.circles {
        painter.circle_stroke(frame.at(circle.centre), circle.radius as f32 * scale, stroke);
    }
    if frame.scale < MIN_LETTERS {
        for label in &depiction.labels {
            let at = label.runs.first().map_or([0.0, 0.0], |run| run.centre);
            painter.circle_filled(frame.at(at), (0.22 * scale).max(1.0), colour(palette.element(label.atomic_number)));
        }
        return;
    }
    for label in &depiction.labels {
        for run in &label.runs {
            // Half points only: every size is a set of glyphs in the atlas.
            let size = (run.size * frame.scale * 2.0).round() as f32 / 2.0;
            let font = FontId::proportional(size.max(4.0));
            let letters = colour(palette.element(label.atomic_number));
            painter.text(frame.at(run.centre), Align2::CENTER_CENTER, &run.text, font, letters);
        }
    }
}

/// From bond lengths (y up) to points of the screen (y down).
struct Frame {
    scale: f64,
    centre_in: [f64; 2],
    centre_out: Pos2,
}

impl Frame {
    fn fit(rect: Rect, depiction: &Depiction) -> Self {
        let size = [rect.width(), rect.height()].map(|side| f64::from(side - 8.0).max(4.0));
        let (low, high) = (depiction.low, depiction.high);
        let fit = |k: usize| size[k] / (high[k] - low[k]).max(0.1);
        let middle = |k: usize| f64::midpoint(low[k], high[k]);
        Self { scale: fit(0).min(fit(1)).min(MAX_BOND), centre_in: [middle(0), middle(1)], centre_out: rect.center() }
    }

    fn at(&self, [x, y]: [f64; 2]) -> Pos2 {
        pos2(
            self.centre_out.x + (self.scale * (x - self.centre_in[0])) as f32,
            self.centre_out.y - (self.scale * (y - self.centre_in[1])) as f32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::no_wake;

    #[test]
    fn drawings_come_from_the_thread_and_failures_say_why() {
        let mut drawings = Drawings::new(no_wake());
        assert!(matches!(drawings.get("c1ccccc1"), Drawing::Pending));
        assert!(matches!(drawings.get("C("), Drawing::Pending));
        let start = std::time::Instant::now();
        while !drawings.is_idle() {
            drawings.poll();
            assert!(start.elapsed().as_secs() < 20, "the drawings were not made");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let Drawing::Ready(benzene) = drawings.get("c1ccccc1") else { panic!("expected a drawing of benzene") };
        assert_eq!(benzene.atoms.len(), 6);
        assert!(matches!(drawings.get("C("), Drawing::Failed(_)));
    }
}
