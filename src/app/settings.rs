//! What the program remembers between sessions: look, recent studies, the layout of each step.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::theme::ThemeChoice;
use crate::atomic_file;

/// Least and greatest scale of the window.
pub const SCALES: std::ops::RangeInclusive<f32> = 0.8..=2.0;
/// Studies that are remembered.
const MAX_RECENT: usize = 10;

/// Preferences of the person.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The colours.
    pub theme: ThemeChoice,
    /// Scale of everything, 1 = 100 %.
    pub scale: f32,
    /// No animations.
    pub reduced_motion: bool,
    /// Whether the first steps have been explained.
    pub welcomed: bool,
    /// Whether the Explorer is shown.
    pub explorer: bool,
    /// Whether the Inspector is shown.
    pub inspector: bool,
    /// Whether jobs, log and history are shown.
    pub bottom: bool,
    /// Studies, data sets and models that were opened, the latest first.
    pub recent: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            scale: 1.0,
            reduced_motion: false,
            welcomed: false,
            explorer: true,
            inspector: true,
            bottom: false,
            recent: Vec::new(),
        }
    }
}

impl Settings {
    /// Values that files may have wrong are brought into their ranges.
    fn checked(mut self) -> Self {
        self.scale = if self.scale.is_finite() { self.scale.clamp(*SCALES.start(), *SCALES.end()) } else { 1.0 };
        self.recent.truncate(MAX_RECENT);
        self
    }

    /// Puts a path first among the recent ones.
    pub fn remember(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(MAX_RECENT);
    }
}

/// The folder where preferences are kept; none keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct Store {
    folder: Option<PathBuf>,
}

impl Store {
    /// A store in `folder`, which is made when something is saved.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Reads a file of the store. A file that cannot be read is set aside under another name; the sentence says so.
    pub fn load<T: for<'a> Deserialize<'a> + Default>(&self, name: &str) -> (T, Option<String>) {
        let Some(path) = self.folder.as_ref().map(|folder| folder.join(name)) else { return (T::default(), None) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (T::default(), None),
            Err(error) => {
                return (T::default(), Some(format!("Could not read {}: {error}. Defaults are used.", path.display())));
            }
        };
        match serde_json::from_str(&text) {
            Ok(value) => (value, None),
            Err(error) => {
                let aside = path.with_extension("broken.json");
                let kept = std::fs::rename(&path, &aside).is_ok();
                let where_to = if kept { format!(" The file was kept as {}.", aside.display()) } else { String::new() };
                (T::default(), Some(format!("{} is damaged ({error}); defaults are used.{where_to}", path.display())))
            }
        }
    }

    /// Writes a file of the store.
    ///
    /// # Errors
    /// A sentence that says why nothing could be kept.
    pub fn save<T: Serialize>(&self, name: &str, value: &T) -> Result<(), String> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let fail = |what: String| format!("Preferences could not be saved: {what}. They hold until the window closes.");
        std::fs::create_dir_all(folder).map_err(|error| fail(format!("{} ({error})", folder.display())))?;
        let text = serde_json::to_string_pretty(value).map_err(|error| fail(error.to_string()))?;
        atomic_file::write(folder.join(name), text).map_err(|error| fail(error.to_string()))
    }

    /// The settings.
    pub fn settings(&self) -> (Settings, Option<String>) {
        let (settings, problem) = self.load::<Settings>(SETTINGS_FILE);
        (settings.checked(), problem)
    }
}

/// Name of the file of [`Settings`].
pub const SETTINGS_FILE: &str = "settings.json";
/// Name of the file of the layouts.
pub const LAYOUT_FILE: &str = "layout.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Some(folder.path().join("new")));
        let mut settings = Settings { theme: ThemeChoice::Light, scale: 1.5, ..Settings::default() };
        settings.remember(Path::new("a"));
        settings.remember(Path::new("b"));
        settings.remember(Path::new("a"));
        store.save(SETTINGS_FILE, &settings).unwrap();
        assert_eq!(store.settings(), (settings.clone(), None));
        assert_eq!(settings.recent, [PathBuf::from("a"), PathBuf::from("b")]);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_said() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SETTINGS_FILE), "{ \"scale\": ").unwrap();
        let (settings, problem) = Store::new(Some(folder.path().to_owned())).settings();
        assert_eq!(settings, Settings::default());
        assert!(problem.unwrap().contains("is damaged"));
        assert!(folder.path().join("settings.broken.json").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let problem = Store::new(Some(file)).save(SETTINGS_FILE, &Settings::default()).unwrap_err();
        assert!(problem.starts_with("Preferences could not be saved"), "{problem}");
    }

    #[test]
    fn absurd_scales_are_brought_into_range() {
        for (found, wanted) in [(0.1, 0.8), (9.0, 2.0), (f32::NAN, 1.0)] {
            assert_eq!(Settings { scale: found, ..Settings::default() }.checked().scale, wanted);
        }
    }
}
