//! The study on disk: the document, immutable artefacts with their provenance, what follows from what, undo.
