// Copies a finished picture into part of another one, pixel by pixel.
//
// `origin_px` is where the upper left corner of the picture goes. No twin: it computes nothing.

struct Image {
    origin_px: vec2<f32>,
    padding: vec2<f32>,
}

@group(0) @binding(0) var<uniform> image: Image;
@group(0) @binding(1) var source: texture_2d<f32>;

@vertex
fn vs_main(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32((vertex << 1u) & 2u), f32(vertex & 2u));
    return vec4<f32>(2.0 * corner - 1.0, 0.0, 1.0);
}

@fragment
fn fs_main(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<i32>(floor(position.xy - image.origin_px));
    let size = vec2<i32>(textureDimensions(source));
    return to_target(textureLoad(source, clamp(at, vec2<i32>(0), size - 1), 0));
}
