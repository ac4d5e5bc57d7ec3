//! The renderer: shaders against their twins on the processor, pictures, figures, commands.
#![cfg(feature = "gui")]

mod cli;
mod fields;
mod figures;
mod scenes;
mod shaders;
mod twins;
mod views;
mod window_meshes;
