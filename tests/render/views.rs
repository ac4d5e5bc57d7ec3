//! What the window's renderer keeps and when it draws again.

use super::scenes::{VIEWPORT, camera, points, selection};
use super::twins::gpu;
use fillscape::render::{GpuError, MapRenderer, Method, Scene, Viewport};

#[test]
fn an_unchanged_scene_is_not_drawn_again() {
    let Some(gpu) = gpu() else { return };
    for method in [Method::Shaders, Method::Processor] {
        let mut renderer = MapRenderer::with_method(gpu.clone(), method);
        let mut scene = Scene { points: Some(points(500, true)), ..Scene::default() };
        assert!(renderer.draw(1, &scene, &camera(true), VIEWPORT).unwrap());
        assert!(!renderer.draw(1, &scene, &camera(true), VIEWPORT).unwrap(), "nothing changed");
        assert!(!renderer.draw(1, &scene.clone(), &camera(true), VIEWPORT).unwrap(), "a clone is the same");
        let moved = camera(true).panned([5.0, 0.0], VIEWPORT.size());
        assert!(renderer.draw(1, &scene, &moved, VIEWPORT).unwrap(), "the camera moved");
        if let Some(layer) = &mut scene.points {
            layer.marks = Some(selection(500));
        }
        assert!(renderer.draw(1, &scene, &moved, VIEWPORT).unwrap(), "the selection changed");
        assert!(renderer.draw(2, &scene, &moved, VIEWPORT).unwrap(), "another view");
        let larger = Viewport { size_px: [333, 222], px_per_point: 1.5 };
        assert!(renderer.draw(1, &scene, &moved, larger).unwrap(), "another size");
        assert_eq!(renderer.read_back(1).unwrap().size, [333, 222]);
        let drawn = renderer.drawn(1);
        assert_eq!((drawn.loaded, drawn.sampled), (500, false));
        assert_eq!(drawn.shown, 500 - (0..500).filter(|i| i % 9 != 0 && i % 11 == 0).count());
    }
}

#[test]
fn a_changed_selection_is_seen() {
    let Some(gpu) = gpu() else { return };
    let mut renderer = MapRenderer::with_method(gpu, Method::Shaders);
    let mut scene = Scene { points: Some(points(500, true)), ..Scene::default() };
    renderer.draw(1, &scene, &camera(true), VIEWPORT).unwrap();
    let before = renderer.read_back(1).unwrap();
    if let Some(layer) = &mut scene.points {
        layer.marks = Some(selection(500));
    }
    renderer.draw(1, &scene, &camera(true), VIEWPORT).unwrap();
    let selected = renderer.read_back(1).unwrap();
    assert!(before.difference(&selected, 8).0 > 500);
    if let Some(layer) = &mut scene.points {
        layer.marks = None;
    }
    renderer.draw(1, &scene, &camera(true), VIEWPORT).unwrap();
    assert_eq!(renderer.read_back(1).unwrap(), before, "and undone to the same pixels");
}

#[test]
fn pictures_beyond_the_device_are_refused_in_words() {
    let Some(gpu) = gpu() else { return };
    let limit = gpu.device.limits().max_texture_dimension_2d;
    let mut renderer = MapRenderer::new(gpu);
    let huge = Viewport { size_px: [limit + 1, 10], px_per_point: 1.0 };
    let error = renderer.draw(1, &Scene::default(), &camera(true), huge).unwrap_err();
    assert!(matches!(error, GpuError::TooLarge { width, .. } if width == limit + 1), "{error}");
}
