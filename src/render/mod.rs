//! Pictures by wgpu: pipelines, shaders, plain geometry into buffers, figures off screen.
