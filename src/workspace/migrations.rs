//! Documents of older formats, brought up to date one version at a time.

use super::document::FORMAT_VERSION;
use toml::{Table, Value};

/// Brings a document of version `from` to [`FORMAT_VERSION`].
///
/// # Errors
/// What the document lacks for its own version.
pub fn migrate(document: &mut Table, from: u32) -> Result<(), String> {
    for version in from..FORMAT_VERSION {
        match version {
            1 => to_2(document)?,
            _ => return Err(format!("nothing is known of format version {version}")),
        }
    }
    document.insert("format_version".to_owned(), Value::Integer(i64::from(FORMAT_VERSION)));
    Ok(())
}

/// Version 1 had the inputs beside the parameters, the seed outside the recipe, and one unnamed region of points.
fn to_2(document: &mut Table) -> Result<(), String> {
    let mut recipe = match document.remove("parameters") {
        Some(Value::Table(parameters)) => parameters,
        Some(_) => return Err("parameters is no table".to_owned()),
        None => Table::new(),
    };
    if let Some(Value::Table(inputs)) = document.remove("inputs") {
        recipe.extend(inputs);
    }
    if let Some(seed) = document.remove("seed") {
        recipe.insert("seed".to_owned(), seed);
    }
    if let Some(name) = document.get("name") {
        recipe.insert("name".to_owned(), name.clone());
    }
    document.insert("recipe".to_owned(), Value::Table(recipe));
    if let Some(definition) = document.remove("region") {
        let region = Table::from_iter([
            ("name".to_owned(), Value::String("Region".to_owned())),
            ("definition".to_owned(), definition),
        ]);
        document.insert("regions".to_owned(), Value::Array(vec![Value::Table(region)]));
    }
    Ok(())
}
