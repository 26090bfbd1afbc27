//! Text -> model.
