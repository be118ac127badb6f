//! Everything that is tested through the product's own doors, on both engines, in one binary.

mod walk;
