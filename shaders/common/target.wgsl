// The frame of a window as a target. Its format is known when the pipeline is made; a choice at every pixel would have
// software adapters compute both sides.

// Whether the target turns linear values into display values by itself.
override LINEAR: bool = false;

// What to write so that the target shows these display values.
fn to_target(colour: vec4<f32>) -> vec4<f32> {
    if (LINEAR) {
        let low = colour.rgb / 12.92;
        let high = pow((colour.rgb + 0.055) / 1.055, vec3<f32>(2.4));
        return vec4<f32>(select(high, low, colour.rgb <= vec3<f32>(0.04045)), colour.a);
    }
    return colour;
}
