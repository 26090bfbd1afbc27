//! Old model + new model -> what a reload must do.
