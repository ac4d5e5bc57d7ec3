//! Each shader draws what its twin on the processor draws.
//!
//! Shaders run on whatever adapter there is (a software one will do). Without any the tests say so and pass.

use super::scenes::{VIEWPORT, camera, edges, everything, field, glyphs, lasso, places, points, selection};
use fillscape::render::{Camera, Gpu, MapRenderer, Method, Picture, Scene, Shared, Theme, Viewport, raster};

/// Steps of 255 that rounding in 16-bit sums and in the order of operations may cost.
const ROUNDING: u8 = 3;

/// One device for all tests; `None` where there is no adapter.
pub fn gpu() -> Option<Gpu> {
    static GPU: std::sync::OnceLock<Option<Gpu>> = std::sync::OnceLock::new();
    let gpu = GPU.get_or_init(|| Gpu::off_screen().map_err(|error| eprintln!("skipped: {error}")).ok());
    gpu.clone()
}

/// The picture by shaders, and by the processor.
fn both(scene: &Scene, camera: &Camera, viewport: Viewport) -> Option<(Picture, Picture)> {
    let mut renderer = MapRenderer::with_method(gpu()?, Method::Shaders);
    renderer.draw(1, scene, camera, viewport).unwrap();
    Some((renderer.read_back(1).unwrap(), raster::draw(scene, camera, viewport)))
}

/// At most one pixel in a thousand, where an edge falls on the very border of a pixel, may differ by more.
fn assert_alike(name: &str, scene: &Scene, camera: &Camera, viewport: Viewport) {
    let Some((shaders, processor)) = both(scene, camera, viewport) else { return };
    let background = Picture::filled(viewport.size_px, scene.theme.background);
    let (n_drawn, _) = processor.difference(&background, ROUNDING);
    assert!(n_drawn > 200, "{name}: the twin drew only {n_drawn} pixels");
    let (n_different, most) = shaders.difference(&processor, ROUNDING);
    assert!(
        n_different * 1000 <= n_drawn.max(2000),
        "{name}: {n_different} of {n_drawn} pixels differ, by up to {most}"
    );
}

fn empty() -> Scene {
    Scene::default()
}

#[test]
fn points_on_a_plane() {
    let scene = Scene { points: Some(points(2000, true)), ..empty() };
    assert_alike("points", &scene, &camera(true), VIEWPORT);
    let dense = Viewport { size_px: [500, 300], px_per_point: 2.0 };
    assert_alike("points, two pixels a point", &scene, &camera(true), dense);
}

#[test]
fn points_in_space() {
    let scene = Scene { points: Some(points(2000, false)), ..empty() };
    assert_alike("points in space", &scene, &camera(false), VIEWPORT);
}

#[test]
fn selected_and_hovered_points() {
    let mut layer = points(600, true);
    layer.marks = Some(selection(600));
    layer.hovered = Some(5);
    assert_alike("selection", &Scene { points: Some(layer), ..empty() }, &camera(true), VIEWPORT);
}

#[test]
fn points_on_their_way_between_projections() {
    let mut layer = points(900, true);
    layer.moving_from = Some(Shared::new(places(900, 99, true)));
    layer.transition = 0.37;
    assert_alike("transition", &Scene { points: Some(layer), ..empty() }, &camera(true), VIEWPORT);
}

#[test]
fn tiny_points_keep_their_light() {
    let mut layer = points(3000, true);
    layer.radius = 0.3;
    assert_alike("tiny points", &Scene { points: Some(layer), ..empty() }, &camera(true), VIEWPORT);
}

#[test]
fn fields_with_hatching_and_contours() {
    let mut layer = field();
    assert_alike("field", &Scene { fields: vec![layer.clone()], ..empty() }, &camera(true), VIEWPORT);
    assert_alike("field in space", &Scene { fields: vec![layer.clone()], ..empty() }, &camera(false), VIEWPORT);
    layer.contours.clear();
    layer.fade = 0.0;
    assert_alike("plain field", &Scene { fields: vec![layer], ..empty() }, &camera(true), VIEWPORT);
}

#[test]
fn edges_of_a_network() {
    let scene = Scene { edges: Some(edges()), ..empty() };
    assert_alike("edges", &scene, &camera(true), VIEWPORT);
    assert_alike("edges in space", &scene, &camera(false), VIEWPORT);
}

#[test]
fn glyphs_of_every_shape() {
    assert_alike("glyphs", &Scene { glyphs: Some(glyphs()), ..empty() }, &camera(true), VIEWPORT);
}

#[test]
fn dashed_outlines() {
    assert_alike("lasso", &Scene { outlines: vec![lasso()], ..empty() }, &camera(true), VIEWPORT);
}

#[test]
fn everything_at_once_in_light_and_dark() {
    for theme in [Theme::LIGHT, Theme::DARK] {
        assert_alike("everything", &everything(theme), &camera(true), VIEWPORT);
    }
}

#[test]
fn order_of_points_does_not_matter() {
    let layer = points(2000, true);
    let mut turned = layer.clone();
    let reversed: Vec<_> = layer.positions.iter().rev().copied().collect();
    turned.positions = Shared::new(reversed);
    if let fillscape::render::PointColours::Values { values, .. } = &mut turned.colours {
        *values = Shared::new(values.iter().rev().copied().collect());
    }
    let picture = |layer| raster::draw(&Scene { points: Some(layer), ..empty() }, &camera(true), VIEWPORT);
    let (n, most) = picture(layer).difference(&picture(turned), 1);
    assert_eq!(n, 0, "pixels differ by up to {most} of 255");
}
