// Put in front of every shader that places things: the camera and the picture of one frame, in the group of the frame.
//
// Spaces: world (the map's own units), clip (homogeneous), px (pixels of the picture from its upper left corner, y down).
// Twin on the processor: `raster/frame.rs`.

struct Frame {
    clip_from_world: mat4x4<f32>,
    size_px: vec2<f32>,
    px_per_point: f32,
    // The w at which sizes are as stated: 1 on a plane, the distance of the target in space.
    reference_w: f32,
    // 1 when what is far away fades, 0 on a plane.
    depth_fade: f32,
    padding_0: f32,
    padding_1: f32,
    padding_2: f32,
}

@group(0) @binding(0) var<uniform> frame: Frame;

fn px_from_clip(clip: vec4<f32>) -> vec2<f32> {
    let ndc = clip.xy / clip.w;
    return vec2<f32>(0.5 + 0.5 * ndc.x, 0.5 - 0.5 * ndc.y) * frame.size_px;
}

fn clip_from_px(px: vec2<f32>) -> vec4<f32> {
    let part = px / frame.size_px;
    return vec4<f32>(2.0 * part.x - 1.0, 1.0 - 2.0 * part.y, 0.5, 1.0);
}

// Opacity that is left at the distance w.
fn depth_factor(w: f32) -> f32 {
    return 1.0 - frame.depth_fade * 0.65 * clamp((w / frame.reference_w - 0.7) / 0.6, 0.0, 1.0);
}

// Corner of a quad, drawn as two triangles, in -1 to 1.
fn quad_corner(vertex: u32) -> vec2<f32> {
    var corners = array<vec2<f32>, 6>(
        vec2<f32>(-1.0, -1.0), vec2<f32>(1.0, -1.0), vec2<f32>(-1.0, 1.0),
        vec2<f32>(-1.0, 1.0), vec2<f32>(1.0, -1.0), vec2<f32>(1.0, 1.0),
    );
    return corners[vertex];
}

// A place that no picture shows.
fn nowhere() -> vec4<f32> {
    return vec4<f32>(2.0, 2.0, 2.0, 1.0);
}
