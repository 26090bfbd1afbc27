//! What we tell the author of a file.
