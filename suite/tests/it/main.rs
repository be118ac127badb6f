//! Everything that is tested through the product's own doors, on both engines, in one binary.

mod access;
mod bad_input;
mod bodies;
mod chatbots;
mod contacts;
mod conversations;
mod deliveries;
mod departments;
mod doors;
mod events;
mod inbound;
mod ledger;
mod model;
mod operators;
mod oracles;
mod order;
mod paging;
mod panics;
mod receivers;
mod recoveries;
mod snippets;
mod tidy;
mod tls;
mod walk;
mod webhooks;
mod widget;
