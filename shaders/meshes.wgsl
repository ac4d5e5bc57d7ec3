// The triangles of egui, for software adapters: `src/render/window_meshes.rs` says why.
//
// No twin: egui's own shader draws the same, and `tests/render/window_meshes.rs` compares the two.

struct Screen {
    size_points: vec2<f32>,
    padding: vec2<f32>,
}

@group(0) @binding(0) var<uniform> screen: Screen;
@group(0) @binding(1) var atlas: texture_2d<f32>;
@group(0) @binding(2) var atlas_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
    @location(1) colour: vec4<f32>,
}

@vertex
fn vs_main(
    @location(0) at_points: vec2<f32>,
    @location(1) uv: vec2<f32>,
    @location(2) colour: vec4<f32>,
) -> Corner {
    let at = 2.0 * at_points / screen.size_points - 1.0;
    return Corner(vec4<f32>(at.x, -at.y, 0.0, 1.0), uv, colour);
}

// Whether only triangles of plain colour are drawn: they need nothing of the atlas.
override PLAIN: bool = false;

@fragment
fn fs_main(corner: Corner) -> @location(0) vec4<f32> {
    if (PLAIN) {
        return to_target(corner.colour);
    }
    return to_target(corner.colour * textureSample(atlas, atlas_sampler, corner.uv));
}
