//! The dialog that asks how the map is to be made.

use eframe::egui::{self, RichText, Role, Ui, WidgetInfo};

use crate::app::action::{StudyAction, WindowAction};
use crate::app::theme::space;
use crate::app::widgets::{View, accent_button};
use crate::projection::{DiffusionMapParams, ProjectionMethod, ProjectionParams, TSneParams, UmapParams};

/// What is chosen so far.
#[derive(Debug)]
pub struct ProjectionForm {
    kind: Kind,
    umap: UmapParams,
    tsne: TSneParams,
    n_dims: usize,
    seed: u64,
}

impl Default for ProjectionForm {
    fn default() -> Self {
        Self { kind: Kind::Umap, umap: UmapParams::default(), tsne: TSneParams::default(), n_dims: 2, seed: 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pca,
    Plane,
    DiffusionMap,
    TSne,
    Umap,
    Random,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Pca, Self::Plane, Self::DiffusionMap, Self::TSne, Self::Umap, Self::Random];

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Pca => {
                ("Principal components", "the plane along which the molecules vary most; keeps straight lines")
            }
            Self::Plane => (
                "Plane through the marked minima",
                "exact in that plane; mark three in the tree or the network, four for space",
            ),
            Self::DiffusionMap => ("Diffusion map", "the slowest directions of a random walk between neighbours"),
            Self::TSne => ("t-SNE", "keeps neighbours together; distances between groups mean little"),
            Self::Umap => ("UMAP", "keeps neighbours together, and groups apart; places new molecules, too"),
            Self::Random => ("Random plane", "a control: what any plane would show"),
        }
    }
}

impl ProjectionForm {
    /// Draws the form.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        ui.heading("Projection");
        let text = "How the latent vectors become a map. Dots move while it forms; minima, transition states and the heatmap follow.";
        ui.label(RichText::new(text).color(palette.ink_weak));
        ui.add_space(space::XS);
        let marked = marked_minima(view);
        for kind in Kind::ALL {
            let (name, what) = kind.words();
            let enabled = kind != Kind::Plane || marked.len() > self.n_dims;
            ui.add_enabled_ui(enabled, |ui| ui.radio_value(&mut self.kind, kind, name).on_hover_text(what));
            ui.indent(name, |ui| ui.label(RichText::new(what).small().color(palette.ink_weak)));
        }
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            ui.label("Dimensions");
            ui.radio_value(&mut self.n_dims, 2, "Plane").on_hover_text("two coordinates: the whole loop works on it");
            let space = "three coordinates, seen from a view that turns; from above it shows the first two";
            ui.radio_value(&mut self.n_dims, 3, "Space").on_hover_text(space);
        });
        ui.horizontal(|ui| {
            match self.kind {
                Kind::Umap => {
                    number(ui, "Neighbours", egui::DragValue::new(&mut self.umap.n_neighbours).range(2..=200));
                    let distance = egui::DragValue::new(&mut self.umap.min_dist).range(0.0..=1.0).speed(0.01);
                    number(ui, "Least distance", distance);
                }
                Kind::TSne => {
                    number(ui, "Perplexity", egui::DragValue::new(&mut self.tsne.perplexity).range(2.0..=200.0));
                }
                _ => {}
            }
            number(ui, "Seed", egui::DragValue::new(&mut self.seed));
        });
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            if accent_button(ui, &palette, "Draw the map").clicked() {
                view.ask(WindowAction::CloseDialog);
                let params = ProjectionParams { method: self.method(marked), n_dims: self.n_dims, seed: self.seed };
                view.ask(StudyAction::Project(params));
            }
            if ui.button("Cancel").clicked() {
                view.ask(WindowAction::CloseDialog);
            }
        });
    }

    fn method(&self, marked: Vec<Vec<f64>>) -> ProjectionMethod {
        match self.kind {
            Kind::Pca => ProjectionMethod::Pca,
            Kind::Plane => ProjectionMethod::Plane { points: marked },
            Kind::DiffusionMap => ProjectionMethod::DiffusionMap(DiffusionMapParams::default()),
            Kind::TSne => ProjectionMethod::TSne(self.tsne.clone()),
            Kind::Umap => ProjectionMethod::Umap(self.umap.clone()),
            Kind::Random => ProjectionMethod::Random,
        }
    }
}

fn number(ui: &mut Ui, name: &str, field: egui::DragValue<'_>) {
    ui.label(name);
    let response = ui.add(field);
    response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
}

/// The marked minima in the decoder's box.
fn marked_minima(view: &View) -> Vec<Vec<f64>> {
    let landscape = view.state.study.as_ref().and_then(|study| study.landscape.as_ref());
    let Some(landscape) = landscape else { return Vec::new() };
    let marked = |id: &u64| landscape.network.minima().iter().find(|minimum| u64::from(minimum.id.0) == *id);
    let latent = |x: &f64| 2.0 * x - 1.0;
    view.state.marked_minima.iter().filter_map(marked).map(|minimum| minimum.x.iter().map(latent).collect()).collect()
}
