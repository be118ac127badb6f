//! Everything that is tested through the product's own doors, on both engines, in one binary.

mod bodies;
mod receivers;
mod tls;
mod walk;
